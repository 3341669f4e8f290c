"""Cutting along an axis."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback, Size

Parts: TypeAlias = tuple[Array, ...]


def slice_(x: Array, *, axis: int, start: int = 0, stop: int | None = None, step: int = 1) -> tuple[Array, Pullback]:
    """Every `step`-th position along an axis from `start` to before `stop`; negative ones count from the end."""
    kept: Any = (*(slice(None) for _ in range(axis % x.ndim)), slice(start, stop, step))

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        dx = np.zeros_like(x)
        dx[kept] = dy
        return dx, {}

    return x[kept], pullback


def split(x: Array, *, sizes: Size, axis: int = 1) -> tuple[Parts, Any]:
    """Parts of these sizes along an axis; one number is the size of each."""
    many = (sizes,) * (x.shape[axis] // sizes) if isinstance(sizes, int) else sizes
    cuts = np.cumsum(many)[:-1]
    return tuple(np.split(x, cuts, axis)), lambda dys: (np.concatenate(dys, axis), {})


def chunk(x: Array, *, count: int, axis: int = 1) -> tuple[Parts, Any]:
    """As many parts of one size along an axis."""
    return tuple(np.split(x, count, axis)), lambda dys: (np.concatenate(dys, axis), {})
