"""Reductions along axes."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback, Size


def mean(x: Array, *, axes: Size, keep: bool = False) -> tuple[Array, Pullback]:
    """The average over axes."""
    y = x.mean(axes, keepdims=True)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        return np.broadcast_to(dy.reshape(y.shape) * (y.size / x.size), x.shape), {}

    return y if keep else y.squeeze(axes), pullback


def max_(x: Array, *, axes: Size, keep: bool = False) -> tuple[Array, Pullback]:
    """The largest value over axes; values that are equally large share its gradient evenly."""
    y = x.max(axes, keepdims=True)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        largest = np.equal(x, y) | np.isnan(x)
        return np.where(largest, dy.reshape(y.shape) / largest.sum(axes, dtype=x.dtype, keepdims=True), 0), {}

    return y if keep else y.squeeze(axes), pullback
