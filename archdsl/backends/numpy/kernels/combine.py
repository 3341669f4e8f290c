"""Joins: kernels of several inputs."""

from __future__ import annotations

from functools import reduce

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, JoinPullback


def add(*xs: Array) -> tuple[Array, JoinPullback]:
    """The sum of values of one shape."""
    return reduce(np.add, xs), lambda dy: ((dy,) * len(xs), {})


def concat(*xs: Array, axis: int = 1) -> tuple[Array, JoinPullback]:
    """Values joined along an axis."""
    cuts = np.cumsum([x.shape[axis] for x in xs])[:-1]

    def pullback(dy: Array) -> tuple[tuple[Array, ...], Gradients]:
        return tuple(np.split(dy, cuts, axis)), {}

    return np.concatenate(xs, axis), pullback
