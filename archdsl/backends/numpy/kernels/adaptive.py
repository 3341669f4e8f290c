"""Pooling to a given size: windows that follow from the size of what comes in."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback, Size
from archdsl.backends.numpy.kernels.window import per_axis


def global_avg_pool(x: Array) -> tuple[Array, Pullback]:
    """The mean of each channel of x [N, C, *sizes] -> y [N, C, 1, …]."""
    return adaptive_avg_pool(x, size=1)


def global_max_pool(x: Array) -> tuple[Array, Pullback]:
    """The largest value of each channel of x [N, C, *sizes] -> y [N, C, 1, …]."""
    return adaptive_max_pool(x, size=1)


def adaptive_avg_pool(x: Array, *, size: Size) -> tuple[Array, Pullback]:
    """The mean of each window of x [N, C, *sizes] -> y [N, C, *size]."""
    axes = tuple(range(2, x.ndim))
    y = np.empty((*x.shape[:2], *per_axis(size, len(axes))), x.dtype)
    for place, window in adaptive_windows(x.shape[2:], y.shape[2:]):
        y[place] = x[window].mean(axes)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        dx = np.zeros_like(x)
        for place, window in adaptive_windows(x.shape[2:], y.shape[2:]):
            count = prod(dx[window].shape[2:])
            dx[window] += dy[place].reshape(*dy.shape[:2], *(1 for _ in axes)) / count
        return dx, {}

    return y, pullback


def adaptive_max_pool(x: Array, *, size: Size) -> tuple[Array, Pullback]:
    """The largest value of each window of x [N, C, *sizes] -> y [N, C, *size].

    The gradient of a window goes to the first of its largest values. A window that holds NaN is NaN.
    """
    batch, channels, *sizes = x.shape
    y = np.empty((batch, channels, *per_axis(size, len(sizes))), x.dtype)
    for place, window in adaptive_windows(tuple(sizes), y.shape[2:]):
        y[place] = x[window].max(tuple(range(2, x.ndim)))

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        dx = np.zeros_like(x)
        images, layers = np.ogrid[:batch, :channels]
        for place, window in adaptive_windows(tuple(sizes), y.shape[2:]):
            seen = x[window]
            first = np.unravel_index(seen.reshape(batch, channels, prod(seen.shape[2:])).argmax(-1), seen.shape[2:])
            dx[window][(images, layers, *first)] += dy[place]
        return dx, {}

    return y, pullback


def adaptive_windows(sizes: tuple[int, ...], places: tuple[int, ...]) -> Iterator[tuple[Any, Any]]:
    """Where each window's value goes in the output, and the positions of the input that it covers.

    Window i of m over n positions goes from floor(i n / m) to ceil((i + 1) n / m).
    """
    for place in np.ndindex(*places):
        covered = (slice(i * n // m, -(-(i + 1) * n // m)) for i, n, m in zip(place, sizes, places, strict=True))
        yield (..., *place), (..., *covered)
