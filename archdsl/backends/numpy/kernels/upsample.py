"""Upsampling by whole factors."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback, Size
from archdsl.backends.numpy.kernels.window import per_axis


def upsample(x: Array, *, scale: Size, mode: str = "nearest", align_corners: bool = False) -> tuple[Array, Pullback]:
    """Each spatial axis of x [N, C, *sizes] made longer: values are repeated, or interpolated along each axis."""
    scales = per_axis(scale, x.ndim - 2)
    if mode == "nearest":
        return repeated(x, scales)
    pulls = [pull(size, by, align_corners).astype(x.dtype) for size, by in zip(x.shape[2:], scales, strict=True)]
    y = x
    for axis, matrix in enumerate(pulls, start=2):
        y = mixed(y, matrix, axis)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        for axis, matrix in enumerate(pulls, start=2):
            dy = mixed(dy, matrix.T, axis)
        return dy, {}

    return y, pullback


def repeated(x: Array, scales: tuple[int, ...]) -> tuple[Array, Pullback]:
    """Each value in a block of its own; the gradient adds up its block."""
    y = x
    for axis, by in enumerate(scales, start=2):
        y = np.repeat(y, by, axis)
    blocks = tuple(part for size, by in zip(x.shape[2:], scales, strict=True) for part in (size, by))
    within = tuple(range(3, 3 + 2 * len(scales), 2))
    return y, lambda dy: (dy.reshape(*x.shape[:2], *blocks).sum(within), {})


def pull(size: int, scale: int, align_corners: bool) -> Array:
    """Where new positions along an axis pull from: a matrix [scale · size, size] whose rows sum to 1.

    Position i stands at (i + 1/2) / scale - 1/2 of the old ones, or, if the outermost ones stay where they are, at
    i (size - 1) / (scale · size - 1).
    """
    places = np.arange(scale * size)
    at = places * ((size - 1) / max(1, scale * size - 1)) if align_corners else (places + 0.5) / scale - 0.5
    at = np.clip(at, 0, size - 1)
    low = np.floor(at).astype(int)
    matrix = np.zeros((scale * size, size))
    matrix[places, low] = 1 - (at - low)
    matrix[places, np.minimum(low + 1, size - 1)] += at - low
    return matrix


def mixed(x: Array, matrix: Array, axis: int) -> Array:
    """A matrix applied along an axis."""
    return np.moveaxis(np.moveaxis(x, axis, -1) @ matrix.T, -1, axis)
