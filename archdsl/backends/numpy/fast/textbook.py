"""Steps that have no fast kernel: the textbook kernel runs on the same memory, in one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from archdsl.backends.numpy.fast.schedule import Spot, Trace
from archdsl.backends.numpy.fast.tape import Bench, Phase, Work
from archdsl.backends.numpy.kernels.array import Array


def textbook(net: Trace, *xs: Spot, by: Callable[..., Any], layer: str = "", **options: Any) -> Work:
    """y = by(*xs) with the weights of a layer; the shape is found by trying the textbook kernel `by` on ones."""
    net.by_image = False
    weights = net.weights(layer)

    def run(*given: Array) -> tuple[Array, ...]:
        result, _ = by(*given, **weights, **options)
        return result if isinstance(result, tuple) else (result,)

    with np.errstate(all="ignore"):
        shapes = tuple(array.shape for array in run(*(np.broadcast_to(np.ones((), x.dtype), x.shape) for x in xs)))

    def bind(bench: Bench, given: list[Array], *left: Array) -> list[Phase]:
        sources = [as_spec(x) for x in given]
        targets = [as_spec(to) for to in left]

        def step() -> None:
            for to, array in zip(targets, run(*sources), strict=True):
                to[...] = array

        return [[[(step, ())], *([] for _ in range(1, bench.workers))]]

    return Work(shapes[0], bind, others=shapes[1:])


def as_spec(array: Array) -> Array:
    """An array of a tape in the order of the spec: images as [N, C, H, W]."""
    return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array
