"""Activations as orders: from one array into another, which may be the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from archdsl.backends.numpy.fast.tape import Task
from archdsl.backends.numpy.kernels.array import Array

Then: TypeAlias = Callable[[Array, Array, Array], Task]
"""What may follow a step in the same band: orders from x to y, with room for as many numbers."""


def larger(a: Array, b: Any, to: Array) -> None:
    """The larger of each two numbers; NumPy wants to be told by name where its result goes."""
    np.maximum(a, b, out=to)


def smaller(a: Array, b: Any, to: Array) -> None:
    """The smaller of each two numbers."""
    np.minimum(a, b, out=to)


def to_relu(x: Array, y: Array, room: Array) -> Task:
    """max(x, 0)."""
    return [(larger, (x, 0, y))]


def to_relu6(x: Array, y: Array, room: Array) -> Task:
    """min(max(x, 0), 6)."""
    return [(larger, (x, 0, y)), (smaller, (y, 6, y))]


def to_tanh(x: Array, y: Array, room: Array) -> Task:
    """The hyperbolic tangent."""
    return [(np.tanh, (x, y))]


def to_sigmoid(x: Array, y: Array, room: Array) -> Task:
    """1 / (1 + exp(-x)), as (1 + tanh(x / 2)) / 2, in which nothing overflows."""
    return [(np.multiply, (x, 0.5, y)), (np.tanh, (y, y)), (np.multiply, (y, 0.5, y)), (np.add, (y, 0.5, y))]


def to_silu(x: Array, y: Array, room: Array) -> Task:
    """x · sigmoid(x)."""
    share = room[: x.size].reshape(x.shape)
    return [*to_sigmoid(x, share, room), (np.multiply, (x, share, y))]


def to_hardsigmoid(x: Array, y: Array, room: Array) -> Task:
    """min(max(x + 3, 0), 6) / 6."""
    return [(np.add, (x, 3, y)), *to_relu6(y, y, room), (np.multiply, (y, 1 / 6, y))]


def to_hardswish(x: Array, y: Array, room: Array) -> Task:
    """x · min(max(x + 3, 0), 6) / 6."""
    share = room[: x.size].reshape(x.shape)
    return [*to_hardsigmoid(x, share, room), (np.multiply, (x, share, y))]
