"""Joins: kernels of several inputs."""

from __future__ import annotations

from functools import reduce

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, JoinPullback


def add(*xs: Array) -> tuple[Array, JoinPullback]:
    """The sum of all values; sizes of 1 stretch to those of the others."""
    return reduce(np.add, xs), lambda dy: (tuple(summed(dy, x.shape) for x in xs), {})


def sub(a: Array, b: Array) -> tuple[Array, JoinPullback]:
    """a - b; sizes of 1 stretch to those of the other."""
    return a - b, lambda dy: ((summed(dy, a.shape), summed(-dy, b.shape)), {})


def mul(*xs: Array) -> tuple[Array, JoinPullback]:
    """The product of all values; sizes of 1 stretch to those of the others."""

    def pullback(dy: Array) -> tuple[tuple[Array, ...], Gradients]:
        others = [xs[:index] + xs[index + 1 :] for index in range(len(xs))]
        return tuple(summed(reduce(np.multiply, rest, dy), x.shape) for x, rest in zip(xs, others, strict=True)), {}

    return reduce(np.multiply, xs), pullback


def summed(dy: Array, shape: tuple[int, ...]) -> Array:
    """The gradient of a value of this shape that was stretched: sizes of 1 add up what they gave."""
    stretched = tuple(axis for axis, size in enumerate(shape) if size != dy.shape[axis])
    return dy.sum(stretched, keepdims=True) if stretched else dy


def concat(*xs: Array, axis: int = 1) -> tuple[Array, JoinPullback]:
    """Values joined along an axis."""
    cuts = np.cumsum([x.shape[axis] for x in xs])[:-1]

    def pullback(dy: Array) -> tuple[tuple[Array, ...], Gradients]:
        return tuple(np.split(dy, cuts, axis)), {}

    return np.concatenate(xs, axis), pullback
