"""Moving values without computing."""

from __future__ import annotations

from math import prod

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Pullback


def flatten(x: Array, *, start: int = 1) -> tuple[Array, Pullback]:
    """All axes from `start` on joined into one: [N, 16, 5, 5] -> [N, 400]."""
    start %= x.ndim
    return x.reshape(*x.shape[:start], prod(x.shape[start:])), lambda dy: (dy.reshape(x.shape), {})


def identity(x: Array) -> tuple[Array, Pullback]:
    """The value as it is."""
    return x, lambda dy: (dy, {})


def reshape(x: Array, *, sizes: tuple[int | tuple[int, int, int], ...]) -> tuple[Array, Pullback]:
    """Each sample in another form; one size may be -1.

    A size in brackets is read off an axis of x: (2, 1, 4) is a quarter of axis 2, (2, 4, 1) four times as much.
    """
    fixed = [size if isinstance(size, int) else x.shape[size[0]] * size[1] // size[2] for size in sizes]
    rest = prod(x.shape[1:]) // max(1, prod(size for size in fixed if size != -1))
    y = x.reshape(len(x), *(rest if size == -1 else size for size in fixed))
    return y, lambda dy: (dy.reshape(x.shape), {})


def permute(x: Array, *, axes: tuple[int, ...]) -> tuple[Array, Pullback]:
    """The axes in another order; negative ones count from the end."""
    order = [axis % x.ndim for axis in axes]
    return x.transpose(order), lambda dy: (dy.transpose(np.argsort(order)), {})
