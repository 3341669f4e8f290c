"""What treats each row of numbers by itself: softmax and layer norm over the last axes, as they lie in memory."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from archdsl.backends.numpy.fast.commands import Phase, Task, Work, Workspace, spread
from archdsl.backends.numpy.fast.pointwise import by_blocks
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.kernels.array import Array

PIECE = 1 << 16
"""Numbers that are worked on at a time, so that a core's own cache still holds them for the next command."""


def softmax_into(net: Trace, x: Buffer) -> Work:
    """exp(x) / Σ exp(x) over the channels of images, and over the last axis of everything else."""
    if len(x.shape) == 4:
        return by_blocks(net, (x,), x.shape, lambda xs, y, room: softmax_commands(xs[0], y, room))
    return _by_row(net, x, x.width, 1, softmax_commands)


def log_softmax_into(net: Trace, x: Buffer) -> Work:
    """x - log Σ exp(x) over the channels of images, and over the last axis of everything else."""
    if len(x.shape) == 4:
        return by_blocks(net, (x,), x.shape, lambda xs, y, room: log_softmax_commands(xs[0], y, room))
    return _by_row(net, x, x.width, x.width + 1, log_softmax_commands)


def layer_norm_into(net: Trace, x: Buffer, *, layer: str = "", axes: int = 1, eps: float = 1e-5) -> Work:
    """The last axes normalized together, then scaled and shifted."""
    weights = {name: weight.reshape(-1) for name, weight in net.weights(layer).items()} if layer else {}
    width = prod(x.shape[-axes:])
    share = np.full(width, 1 / width, np.float32)

    def commands(x: Array, y: Array, room: Array) -> Task:
        mean, scale = room[: len(x)], room[len(x) : 2 * len(x)]
        task: Task = [
            (np.matmul, (x, share, mean)),
            (np.subtract, (x, mean[:, None], y)),
            (squared, (y, scale)),
            (np.multiply, (scale, 1 / width, scale)),
            (np.add, (scale, eps, scale)),
            (np.sqrt, (scale, scale)),
            (np.divide, (y, scale[:, None], y)),
        ]
        task += [(np.multiply, (y, weights["weight"], y))] if "weight" in weights else []
        return task + ([(np.add, (y, weights["bias"], y))] if "bias" in weights else [])

    return _by_row(net, x, width, 2, commands)


def softmax_commands(x: Array, y: Array, room: Array) -> Task:
    """Softmax over the last axis of x, with room for a number a row."""
    last = x.ndim - 1
    each = room[: x.size // x.shape[-1]].reshape(*x.shape[:-1], 1)
    return [
        (np.maximum.reduce, (x, last, None, each, True)),
        (np.subtract, (x, each, y)),
        (np.exp, (y, y)),
        (np.add.reduce, (y, last, None, each, True)),
        (np.divide, (y, each, y)),
    ]


def log_softmax_commands(x: Array, y: Array, room: Array) -> Task:
    """Log softmax over the last axis of x, with room for x and a number a row."""
    last = x.ndim - 1
    powers, rest = room[: x.size].reshape(x.shape), room[x.size :]
    each = rest[: x.size // x.shape[-1]].reshape(*x.shape[:-1], 1)
    return [
        (np.maximum.reduce, (x, last, None, each, True)),
        (np.subtract, (x, each, y)),
        (np.exp, (y, powers)),
        (np.add.reduce, (powers, last, None, each, True)),
        (np.log, (each, each)),
        (np.subtract, (y, each, y)),
    ]


def squared(x: Array, to: Array) -> None:
    """The sum of the squares of each row."""
    np.einsum("ij,ij->i", x, x, out=to)


def _by_row(net: Trace, x: Buffer, width: int, room: int, commands: Callable[[Array, Array, Array], Task]) -> Work:
    """Give each thread its rows of so many numbers, a piece at a time, with room for so many numbers a row."""
    count = prod(x.shape) // width
    tall = max(1, PIECE // width)

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        source, to = xs[0].reshape(count, width), y.reshape(count, width)
        phase: Phase = []
        for worker, (start, stop) in enumerate(spread(count, workspace.workers)):
            task: Task = []
            for first, last in spread(stop - start, max(1, -(-(stop - start) // tall))):
                some = slice(start + first, start + last)
                task += commands(source[some], to[some], workspace.scratch(worker))
            phase.append(task)
        return [phase]

    return Work(x.shape, bind, room * tall)
