"""The matrix product of two values."""

from __future__ import annotations

from archdsl.backends.numpy.kernels.array import Array, Gradients, JoinPullback


def matmul(a: Array, b: Array, *, transpose: bool = False) -> tuple[Array, JoinPullback]:
    """a [..., n, k] · b [..., k, m]; with `transpose` b is [..., m, k]."""

    def pullback(dy: Array) -> tuple[tuple[Array, ...], Gradients]:
        db = dy.swapaxes(-1, -2) @ a if transpose else a.swapaxes(-1, -2) @ dy
        return (dy @ (b if transpose else b.swapaxes(-1, -2)), db), {}

    return a @ (b.swapaxes(-1, -2) if transpose else b), pullback
