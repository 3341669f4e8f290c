"""Activations: functions of each value by itself, and softmax over one axis."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback


def relu(x: Array) -> tuple[Array, Pullback]:
    """max(x, 0); the gradient at 0 is 0."""
    y = np.maximum(x, 0)
    return y, lambda dy: (np.where(y <= 0, 0, dy), {})


def sigmoid(x: Array) -> tuple[Array, Pullback]:
    """1 / (1 + exp(-x)), written so that exp never overflows."""
    decay = np.exp(-np.abs(x))
    y = np.where(x < 0, decay, 1) / (1 + decay)
    return y, lambda dy: (dy * y * (1 - y), {})


def tanh(x: Array) -> tuple[Array, Pullback]:
    """The hyperbolic tangent."""
    y = np.tanh(x)
    return y, lambda dy: (dy * (1 - y * y), {})


def softmax(x: Array, *, axis: int = 1) -> tuple[Array, Pullback]:
    """exp(x) / Σ exp(x) along an axis, shifted by the largest value so that exp never overflows."""
    weights = np.exp(x - x.max(axis, keepdims=True))
    y = weights / weights.sum(axis, keepdims=True)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        return y * (dy - (dy * y).sum(axis, keepdims=True)), {}

    return y, pullback
