"""What acts in training only."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Pullback


def dropout(
    x: Array, *, p: float = 0.5, train: bool = False, rng: np.random.Generator | None = None
) -> tuple[Array, Pullback]:
    """In training, zero each value with probability p and scale the others by 1 / (1 - p)."""
    if not train or p == 0:
        return x, lambda dy: (dy, {})
    assert rng is not None, "dropout in training draws numbers"
    kept = np.greater_equal(rng.random(x.shape), p).astype(x.dtype)
    scale = kept / (1 - p) if p < 1 else kept
    return x * scale, lambda dy: (dy * scale, {})


def stochastic_depth(
    x: Array, *, p: float = 0.1, train: bool = False, rng: np.random.Generator | None = None
) -> tuple[Array, Pullback]:
    """In training, zero each sample with probability p and scale the others by 1 / (1 - p)."""
    if not train or p == 0:
        return x, lambda dy: (dy, {})
    assert rng is not None, "stochastic depth in training draws numbers"
    kept = np.greater_equal(rng.random((len(x), *(1 for _ in x.shape[1:]))), p).astype(x.dtype)
    scale = kept / (1 - p) if p < 1 else kept
    return x * scale, lambda dy: (dy * scale, {})
