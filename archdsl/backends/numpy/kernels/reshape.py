"""Moving values without computing."""

from __future__ import annotations

from math import prod

from archdsl.backends.numpy.kernels.array import Array, Pullback


def flatten(x: Array, *, start: int = 1) -> tuple[Array, Pullback]:
    """All axes from `start` on joined into one: [N, 16, 5, 5] -> [N, 400]."""
    start %= x.ndim
    return x.reshape(*x.shape[:start], prod(x.shape[start:])), lambda dy: (dy.reshape(x.shape), {})


def identity(x: Array) -> tuple[Array, Pullback]:
    """The value as it is."""
    return x, lambda dy: (dy, {})
