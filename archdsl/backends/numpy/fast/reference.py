"""Steps that have no fast kernel: the reference kernel runs on the same memory, each thread on its own samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from archdsl.backends.numpy.fast.commands import Phase, Task, Work, Workspace, spread
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.kernels.array import Array


def reference_into(net: Trace, *xs: Buffer, by: Callable[..., Any], layer: str = "", **options: Any) -> Work:
    """y = by(*xs) with the weights of a layer, for kernels that treat each sample of a batch by itself."""
    return _reference(net, xs, by, {**net.weights(layer), **options}, net.workers)


def batch_reference_into(net: Trace, *xs: Buffer, by: Callable[..., Any], layer: str = "", **options: Any) -> Work:
    """The same for kernels that see the batch as a whole."""
    net.by_image = False
    return _reference(net, xs, by, {**net.weights(layer), **options}, 1)


def _reference(
    net: Trace, xs: tuple[Buffer, ...], by: Callable[..., Any], options: Mapping[str, Any], parts: int
) -> Work:
    """Run a kernel in so many threads; the shape of its result is found by trying it on ones."""

    def run(*given: Array) -> tuple[Array, ...]:
        result, _ = by(*given, **options)
        return result if isinstance(result, tuple) else (result,)

    with np.errstate(all="ignore"):
        shapes = tuple(array.shape for array in run(*(np.broadcast_to(np.ones((), x.dtype), x.shape) for x in xs)))
    samples = shapes[0][0] if shapes[0] else 1
    parts = parts if samples > 1 and all(shape and shape[0] == samples for shape in shapes) else 1

    def step(sources: list[Array], targets: list[Array]) -> None:
        for to, array in zip(targets, run(*sources), strict=True):
            to[...] = array

    def bind(workspace: Workspace, given: list[Array], *left: Array) -> list[Phase]:
        sources, targets = [as_spec(x) for x in given], [as_spec(to) for to in left]
        phase: Phase = []
        for first, last in spread(samples, parts):
            some = [x[first:last] if parts > 1 and len(x) == samples else x for x in sources]
            task: Task = [(step, (some, [to[first:last] if parts > 1 else to for to in targets]))]
            phase.append(task if first < last or parts == 1 else [])
        return [[*phase, *([] for _ in range(parts, workspace.workers))]]

    return Work(shapes[0], bind, others=shapes[1:])


def as_spec(array: Array) -> Array:
    """An array of a command list in the order of the spec: images as [N, C, H, W]."""
    return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array
