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


def relu6(x: Array) -> tuple[Array, Pullback]:
    """min(max(x, 0), 6); the gradient is 0 at both ends."""
    y = np.clip(x, 0, 6)
    return y, lambda dy: (np.where((x <= 0) | (x >= 6), 0, dy), {})


def leaky_relu(x: Array, *, slope: float = 0.01) -> tuple[Array, Pullback]:
    """x where it is positive, else slope · x."""
    return np.where(x > 0, x, slope * x), lambda dy: (np.where(x > 0, dy, slope * dy), {})


def prelu(x: Array, weight: Array) -> tuple[Array, Pullback]:
    """x where it is positive, else weight · x: one weight, or one for each channel of x [N, C, ...]."""
    slope = weight.reshape(-1, *(1 for _ in x.shape[2:]))

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        below = np.where(x > 0, 0, dy * x)
        own = below.sum(axis=(0, *range(2, x.ndim))) if len(weight) > 1 else below.sum(keepdims=True)
        return np.where(x > 0, dy, slope * dy), {"weight": own.reshape(weight.shape)}

    return np.where(x > 0, x, slope * x), pullback


def elu(x: Array, *, alpha: float = 1.0) -> tuple[Array, Pullback]:
    """x where it is positive, else alpha · (exp(x) - 1)."""
    below = np.minimum(x, 0)
    y = np.where(x > 0, x, alpha * np.expm1(below))
    return y, lambda dy: (np.where(x > 0, dy, dy * alpha * np.exp(below)), {})


def selu(x: Array) -> tuple[Array, Pullback]:
    """ELU, scaled: the constants of self-normalising networks."""
    scale, alpha = 1.0507009873554804934, 1.6732632423543772848
    y, pullback = elu(x, alpha=alpha)
    return scale * y, lambda dy: pullback(scale * dy)


def silu(x: Array) -> tuple[Array, Pullback]:
    """x · sigmoid(x)."""
    share, _ = sigmoid(x)
    return x * share, lambda dy: (dy * share * (1 + x * (1 - share)), {})


def mish(x: Array) -> tuple[Array, Pullback]:
    """x · tanh(log(1 + exp(x)))."""
    share = np.tanh(softplus(x)[0])
    slope, _ = sigmoid(x)
    return x * share, lambda dy: (dy * (share + x * slope * (1 - share * share)), {})


def hardswish(x: Array) -> tuple[Array, Pullback]:
    """x · min(max(x + 3, 0), 6) / 6."""
    y = x * np.clip(x + 3, 0, 6) / 6
    return y, lambda dy: (np.where(x <= -3, 0, np.where(x < 3, dy * (x / 3 + 0.5), dy)), {})


def hardsigmoid(x: Array) -> tuple[Array, Pullback]:
    """min(max(x + 3, 0), 6) / 6; the gradient is 0 at both ends."""
    y = np.clip(x + 3, 0, 6) / 6
    return y, lambda dy: (np.where((x <= -3) | (x >= 3), 0, dy / 6), {})


def softplus(x: Array, *, beta: float = 1.0, threshold: float = 20.0) -> tuple[Array, Pullback]:
    """log(1 + exp(beta · x)) / beta; where beta · x is above the threshold, x itself."""
    scaled = beta * x
    bend = np.maximum(scaled, 0) + np.log1p(np.exp(-np.abs(scaled)))
    y = np.where(scaled > threshold, x, bend / beta)
    slope = np.where(scaled > threshold, 1, sigmoid(scaled)[0])
    return y, lambda dy: (dy * slope, {})


def softsign(x: Array) -> tuple[Array, Pullback]:
    """x / (1 + |x|)."""
    scale = 1 / (1 + np.abs(x))
    return x * scale, lambda dy: (dy * scale * scale, {})


def softmax(x: Array, *, axis: int = 1) -> tuple[Array, Pullback]:
    """exp(x) / Σ exp(x) along an axis, shifted by the largest value so that exp never overflows."""
    weights = np.exp(x - x.max(axis, keepdims=True))
    y = weights / weights.sum(axis, keepdims=True)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        return y * (dy - (dy * y).sum(axis, keepdims=True)), {}

    return y, pullback


def log_softmax(x: Array, *, axis: int = 1) -> tuple[Array, Pullback]:
    """x - log Σ exp(x) along an axis, shifted by the largest value so that exp never overflows."""
    shifted = x - x.max(axis, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))
    return y, lambda dy: (dy - np.exp(y) * dy.sum(axis, keepdims=True), {})
