"""What treats each number, or each channel, by itself: norms with fixed averages, activations, sums and products."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from archdsl.backends.numpy.fast.activate import ROOMS, Epilogue, larger, smaller
from archdsl.backends.numpy.fast.commands import Phase, Task, Work, Workspace, blocks, even, spread
from archdsl.backends.numpy.fast.row_tiles import affine_commands
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.kernels.array import Array

LITTLE = 1 << 14
"""Numbers for which a second thread is not worth waking."""
STRETCH = 1 << 16
"""Numbers that are worked on at a time, so that a core's own cache still holds them for the next command."""


def norm_into(net: Trace, x: Buffer, *, layer: str, eps: float = 1e-5, epilogue: Epilogue | None = None) -> Work:
    """y = epilogue(batch norm of x) by the moving averages, for images and rows of features."""
    norm = net.affine(layer, eps)
    return _apart(net, (x,), x.shape, lambda xs, y, room: affine_commands(xs[0], y, room, norm, epilogue))


def prelu_into(net: Trace, x: Buffer, *, layer: str) -> Work:
    """x where it is positive, else weight · x: one weight, or one for each channel."""
    weight = net.weights(layer)["weight"]
    slope = weight if len(x.shape) == 4 else weight.reshape(-1, *(1 for _ in x.shape[2:]))

    def commands(xs: list[Array], y: Array, room: Array) -> Task:
        below = room[: y.size].reshape(y.shape)
        return [
            (smaller, (xs[0], 0, below)),
            (np.multiply, (below, slope, below)),
            (larger, (xs[0], 0, y)),
            (np.add, (y, below, y)),
        ]

    return _apart(net, (x,), x.shape, commands)


def each_into(net: Trace, x: Buffer, *, epilogue: Epilogue) -> Work:
    """y = epilogue(x)."""
    return _apart(net, (x,), x.shape, lambda xs, y, room: epilogue(xs[0], y, room))


def add_into(net: Trace, *xs: Buffer, epilogue: Epilogue | None = None) -> Work:
    """y = epilogue(the sum of all); sizes of 1 stretch to those of the others."""
    return _joined(net, xs, np.add, epilogue)


def mul_into(net: Trace, *xs: Buffer, epilogue: Epilogue | None = None) -> Work:
    """y = epilogue(the product of all); sizes of 1 stretch to those of the others."""
    return _joined(net, xs, np.multiply, epilogue)


def sub_into(net: Trace, *xs: Buffer, epilogue: Epilogue | None = None) -> Work:
    """y = epilogue(a - b); sizes of 1 stretch to those of the other."""
    return _joined(net, xs, np.subtract, epilogue)


def _joined(net: Trace, xs: tuple[Buffer, ...], join: Callable[..., Any], epilogue: Epilogue | None) -> Work:
    def commands(given: list[Array], y: Array, room: Array) -> Task:
        before = given[0]
        found: Task = []
        for other in given[1:]:
            found.append((join, (before, other, y)))
            before = y
        if len(given) == 1:
            found.append((np.copyto, (y, before)))
        return found + (epilogue(y, y, room) if epilogue else [])

    return _apart(net, xs, np.broadcast_shapes(*(x.shape for x in xs)), commands)


def _apart(
    net: Trace, xs: tuple[Buffer, ...], shape: tuple[int, ...], commands: Callable[[list[Array], Array, Array], Task]
) -> Work:
    """Give each thread its part of the rows, a stretch at a time."""
    if len(shape) == 4:
        return by_blocks(net, xs, shape, commands)
    size = prod(shape)

    def bind(workspace: Workspace, given: list[Array], y: Array) -> list[Phase]:
        phase: Phase = [[] for _ in range(workspace.workers)]
        whole = size <= LITTLE or not shape or any(x.shape != shape for x in given)
        for worker, cut in enumerate([(0, None)] if whole else spread(shape[0], workspace.workers)):
            some = slice(*cut) if shape else ()
            parts = [x if x.shape != shape else x[some] for x in given]
            phase[worker] = commands(parts, y[some], workspace.scratch(worker))
        return [phase]

    return Work(shape, bind, ROOMS * size)


def by_blocks(
    net: Trace, xs: tuple[Buffer, ...], shape: tuple[int, ...], commands: Callable[[list[Array], Array, Array], Task]
) -> Work:
    """The same for images; those of another shape are stretched to the others'."""
    images, channels, height, width = shape
    cuts = next((x.cuts for x in xs if x.cuts and x.shape == shape), None) or even(images * height, net.workers)
    parts = blocks(height, STRETCH // (width * channels), cuts)
    most = max(block.count(width * channels) for part in parts for block in part)

    def bind(workspace: Workspace, given: list[Array], y: Array) -> list[Phase]:
        full = [np.broadcast_to(x, y.shape) for x in given]
        return [
            [
                [
                    command
                    for block in part
                    for command in commands(
                        [x[block.images, block.rows] for x in full],
                        y[block.images, block.rows],
                        workspace.scratch(worker),
                    )
                ]
                for worker, part in enumerate(parts)
            ]
        ]

    return Work(shape, bind, ROOMS * most, cuts=cuts, near=tuple(x.shape == shape for x in xs))
