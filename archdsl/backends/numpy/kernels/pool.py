"""Pooling: one value for each window."""

from __future__ import annotations

from functools import reduce
from math import prod

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback, Size
from archdsl.backends.numpy.kernels.window import Window, crop, fit, pad, per_axis, taps


def max_pool(
    x: Array, *, kernel: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1, ceil: bool = False
) -> tuple[Array, Pullback]:
    """The largest value of each window of x [N, C, *sizes]; padding never wins.

    The gradient of a window goes to the first of its largest values. A window that holds NaN is NaN.
    """
    window = fit(x.shape[2:], kernel, kernel if stride is None else stride, padding, dilation, ceil)
    padded = pad(x, window, -np.inf)
    y = reduce(np.maximum, taps(padded, window))

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        dpadded = np.zeros_like(padded)
        unclaimed = np.ones(y.shape, bool)
        for tap, dtap in zip(taps(padded, window), taps(dpadded, window), strict=True):
            wins = unclaimed & ((tap == y) | np.isnan(tap))
            dtap += np.where(wins, dy, 0)
            unclaimed &= ~wins
        return crop(dpadded, window, x.shape[2:]), {}

    return y, pullback


def avg_pool(
    x: Array,
    *,
    kernel: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil: bool = False,
    count_padding: bool = True,
) -> tuple[Array, Pullback]:
    """The mean of each window of x [N, C, *sizes], over padding too unless `count_padding` is off."""
    sizes = x.shape[2:]
    window = fit(sizes, kernel, kernel if stride is None else stride, padding, ceil=ceil)
    padded = pad(x, window)
    counts = counted(sizes, window, count_padding).astype(x.dtype)
    y = sum(taps(padded, window), np.zeros((), x.dtype)) / counts

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        share = dy / counts
        dpadded = np.zeros_like(padded)
        for dtap in taps(dpadded, window):
            dtap += share
        return crop(dpadded, window, sizes), {}

    return y, pullback


def lp_pool(
    x: Array, *, kernel: Size, p: float = 2.0, stride: Size | None = None, ceil: bool = False
) -> tuple[Array, Pullback]:
    """The p-norm of each window of x [N, C, *sizes]: (Σ |x|^p)^(1/p), as a mean times the window's size.

    The gradient of a window of zeros is 0.
    """
    size = prod(per_axis(kernel, x.ndim - 2))
    far = np.abs(x)
    mean, back = avg_pool(far**p, kernel=kernel, stride=stride, ceil=ceil)
    y = (size * mean) ** (1 / p)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        dmean = np.divide(size * dy, y ** (p - 1), out=np.zeros_like(y), where=y != 0)
        return back(dmean)[0] * far ** (p - 1) * np.sign(x), {}

    return y, pullback


def counted(sizes: tuple[int, ...], window: Window, count_padding: bool) -> Array:
    """How many positions each window averages, [*places].

    What hangs over the end of the padding never counts.
    """
    counts = []
    for size, k, s, p, _, n in zip(sizes, *window, strict=True):
        start = s * np.arange(n) - p
        end = np.minimum(start + k, size + p)
        counts.append(end - start if count_padding else np.minimum(end, size) - np.maximum(start, 0))
    return reduce(np.multiply.outer, counts)
