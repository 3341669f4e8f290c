"""Linear layers: a matrix product over the last axis."""

from __future__ import annotations

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback


def linear(x: Array, weight: Array, bias: Array | None = None) -> tuple[Array, Pullback]:
    """y = x · weightᵀ + bias over the last axis: x [..., I], weight [O, I], bias [O] -> y [..., O]."""
    y = x @ weight.T
    if bias is not None:
        y += bias

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        rows = dy.reshape(-1, len(weight))
        gradients = {"weight": rows.T @ x.reshape(-1, x.shape[-1])}
        if bias is not None:
            gradients["bias"] = rows.sum(axis=0)
        return dy @ weight, gradients

    return y, pullback
