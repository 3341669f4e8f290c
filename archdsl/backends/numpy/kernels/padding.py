"""Room around an image, filled in one of four ways."""

from __future__ import annotations

from typing import Literal

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback, Size
from archdsl.backends.numpy.kernels.window import per_axis

SOURCES: dict[str, Literal["reflect", "edge", "wrap"]] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""What NumPy calls the ways of padding that copy."""


def pad_(
    x: Array, *, before: Size, after: Size | None = None, mode: str = "constant", value: float = 0.0
) -> tuple[Array, Pullback]:
    """Positions added before and after each spatial axis of x [N, C, *sizes]."""
    befores, afters = (per_axis(size, x.ndim - 2) for size in (before, before if after is None else after))
    ends = list(zip(befores, afters, strict=True))
    widths = [(0, 0), (0, 0), *ends]

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        for axis, (low, high) in enumerate(ends, start=2):
            dy = gathered(dy, axis, x.shape[axis], low, high, mode)
        return dy, {}

    if mode == "constant":
        return np.pad(x, widths, constant_values=value), pullback
    return np.pad(x, widths, SOURCES[mode]), pullback


def gathered(dy: Array, axis: int, size: int, low: int, high: int, mode: str) -> Array:
    """The gradient of an axis before it was padded: each position adds up those that copied it."""
    dy = dy.swapaxes(0, axis)
    inner = dy[low : low + size].copy()
    if mode != "constant":
        sources = np.pad(np.arange(size), (low, high), SOURCES[mode])
        for place in (*range(low), *range(low + size, low + size + high)):
            inner[sources[place]] += dy[place]
    return inner.swapaxes(0, axis)
