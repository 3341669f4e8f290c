"""A NumPy kernel against its reference: values and gradients, in both precisions."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st

moderate = settings(max_examples=40, deadline=None)

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}

Kernel = Callable[..., Any]


def tuples(axes: int, low: int, high: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[st.integers(low, high)] * axes)


def normal(name: str, *shape: int) -> np.ndarray:
    return np.random.default_rng(zlib.crc32(name.encode())).normal(size=shape)


def close(got: np.ndarray, wanted: np.ndarray, tolerance: float) -> None:
    """Equal up to a share of the largest value."""
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * max(1, np.abs(wanted).max(initial=0)))


def listed(grads: Any) -> list[np.ndarray]:
    dxs, own = grads
    return [*(dxs if isinstance(dxs, tuple) else (dxs,)), *own.values()]


def agrees(kernel: Kernel, reference: Kernel, arrays: list[np.ndarray], /, **options: Any) -> None:
    """Value and gradients are torch's, in both precisions, and keep the precision."""
    for dtype, tolerance in TOLERANCE.items():
        mine = [array.astype(dtype) for array in arrays]
        theirs = [torch.tensor(array, requires_grad=True) for array in mine]
        wanted = reference(*theirs)
        y, pullback = kernel(*mine, **options)
        close(y, wanted.detach().numpy(), tolerance)
        dy = normal("dy", *y.shape).astype(dtype)
        wanted.backward(torch.tensor(dy))
        gradients = listed(pullback(dy))
        assert len(gradients) == len(theirs)
        for gradient, tensor in zip(gradients, theirs, strict=True):
            assert gradient.dtype == y.dtype == dtype
            assert tensor.grad is not None
            close(gradient, tensor.grad.numpy(), tolerance)


def differentiates(kernel: Kernel, arrays: list[np.ndarray], /, **options: Any) -> None:
    """Along a random direction, the gradient is the slope between two points close by."""
    y, pullback = kernel(*arrays, **options)
    dy = normal("dy", *y.shape)
    way = [normal(f"way{index}", *array.shape) for index, array in enumerate(arrays)]
    step = 1e-6
    ends = [kernel(*(a + sign * w for a, w in zip(arrays, way, strict=True)), **options)[0] for sign in (step, -step)]
    slope = float((dy * (ends[0] - ends[1])).sum()) / (2 * step)
    claimed = sum(float((g * w).sum()) for g, w in zip(listed(pullback(dy)), way, strict=True))
    assert claimed == pytest.approx(slope, rel=1e-6, abs=1e-6)
