"""Learned values that stand for themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback
from archdsl.backends.numpy.kernels.combine import summed


def scale(x: Array, value: Array) -> tuple[Array, Pullback]:
    """x · value, a factor for each position of an axis: value [C, 1, 1] for x [N, C, H, W]."""

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        return dy * value, {"value": summed(dy * x, (1,) * (x.ndim - value.ndim) + value.shape).reshape(value.shape)}

    return x * value, pullback


def parameter(x: Array, value: Array) -> tuple[Array, Pullback]:
    """The value [1, ...] once for each sample of x."""

    def pullback(dy: Array) -> tuple[Any, Gradients]:
        return None, {"value": dy.sum(axis=0, keepdims=True)}

    return np.repeat(value, len(x), axis=0), pullback
