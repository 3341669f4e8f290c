"""Weights and images that anyone can draw again, so that two builds of a network can be compared number by number.

    weights = {name: fill(name, shape) for name, shape in net.state()}
    y = program(picture((2, 3, 224, 224), seed=0))

What a tensor is filled with depends on its name and its shape alone.
"""

from __future__ import annotations

import zlib
from math import prod, sqrt

import numpy as np

Shape = tuple[int, ...]


def fill(name: str, shape: Shape) -> np.ndarray:
    """The values of one parameter or buffer: float32, or int64 for a count of batches.

    The name ends in what the tensor is for. Whatever has one axis and no such ending is the scale of a norm, kept small
    so that long sums of residuals stay in range; the rest are kernels and matrices, scaled by what feeds one output.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    if name.endswith("running_var"):
        values = rng.uniform(0.5, 1.5, shape)
    elif name.endswith(("running_mean", "bias")):
        values = rng.normal(0.0, 0.1, shape)
    elif len(shape) < 2:
        values = rng.uniform(0.2, 0.6, shape)
    else:
        values = rng.normal(0.0, sqrt(2 / prod(shape[1:])), shape)
    return values.astype(np.float32)


def picture(shape: Shape, seed: int) -> np.ndarray:
    """An input of normal values, float32."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
