"""NumPy kernels of activations against torch and scipy, at kinks and far out too."""

from __future__ import annotations

from collections.abc import Callable
from math import erf
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from support.kernels import TOLERANCE, agrees, close, differentiates, moderate, normal

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.kernels.gelu import below

floats = st.floats(-4, 4).map(lambda x: round(x, 3))
positive = st.floats(0.1, 4).map(lambda x: round(x, 3))

OPTIONS: dict[str, Callable[..., st.SearchStrategy[dict[str, Any]]]] = {
    "relu6": lambda: st.just({}),
    "leaky_relu": lambda: st.fixed_dictionaries({"slope": floats}),
    "elu": lambda: st.fixed_dictionaries({"alpha": positive}),
    "selu": lambda: st.just({}),
    "gelu": lambda: st.fixed_dictionaries({"approximate": st.sampled_from(["none", "tanh"])}),
    "silu": lambda: st.just({}),
    "mish": lambda: st.just({}),
    "hardswish": lambda: st.just({}),
    "hardsigmoid": lambda: st.just({}),
    "softplus": lambda: st.fixed_dictionaries({"beta": positive, "threshold": st.floats(0, 30)}),
}
TORCH: dict[str, Callable[..., torch.Tensor]] = {
    "leaky_relu": lambda x, slope: F.leaky_relu(x, slope),
    "hardsigmoid": lambda x: F.relu6(x + 3) / 6,  # the gradient of torch's own is rounded to float32
}


@pytest.mark.parametrize("name", OPTIONS)
@given(st.data())
@moderate
def test_activation(name: str, data: st.DataObject) -> None:
    options = data.draw(OPTIONS[name]())
    kernel, reference = getattr(kernels, name), TORCH.get(name, getattr(F, name))
    x = np.concatenate([4 * normal("x", 40), np.arange(-7, 8), [0.0, -0.0, 30, -30, 700, -700]])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        agrees(kernel, lambda x: reference(x, **options), [x], **options)
    differentiates(kernel, [normal("x", 2, 3, 4)], **options)
    assert np.isnan(kernel(np.array([np.nan]), **options)[0]).all()


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 4, 5), (2, 1, 4, 3), (2, 3, 2, 2, 2)])
@pytest.mark.parametrize("per_channel", [False, True])
def test_prelu(shape: tuple[int, ...], per_channel: bool) -> None:
    x = normal("x", *shape)
    x.flat[:3] = 0
    weight = normal("weight", shape[1] if per_channel else 1)
    agrees(kernels.prelu, F.prelu, [x, weight])
    differentiates(kernels.prelu, [normal("x", *shape), weight])


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_log_softmax(axis: int) -> None:
    x = normal("x", 2, 3, 4)
    agrees(kernels.log_softmax, lambda x: F.log_softmax(x, axis), [x], axis=axis)
    agrees(kernels.log_softmax, lambda x: F.log_softmax(x, axis), [1000 * x], axis=axis)
    differentiates(kernels.log_softmax, [x], axis=axis)


def test_the_share_below_is_exact() -> None:
    x = np.concatenate([np.linspace(-9, 9, 30_001), [-37.0, 37, 0, -1e-300, np.inf, -np.inf]])
    np.testing.assert_allclose(below(x), special.ndtr(x), rtol=1e-13, atol=1e-15)
    wanted = [(1 + erf(value / 2**0.5)) / 2 for value in x[::100]]
    np.testing.assert_allclose(below(x[::100]), wanted, rtol=0, atol=1e-15)
    assert below(x.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_stochastic_depth_drops_whole_samples(dtype: type) -> None:
    x = 1 + np.abs(normal("x", 2000, 3, 2)).astype(dtype)
    y, pullback = kernels.stochastic_depth(x, p=0.3, train=True, rng=np.random.default_rng(0))
    kept = y.any(axis=(1, 2))
    assert kept.mean() == pytest.approx(0.7, abs=0.03)
    close(y[kept], x[kept] / 0.7, TOLERANCE[dtype])
    assert not y[~kept].any()
    dx = pullback(np.ones_like(x))[0]
    assert y.dtype == dx.dtype == dtype
    close(dx, np.broadcast_to(kept[:, None, None] / 0.7, x.shape), 1e-6)


@pytest.mark.parametrize(("p", "train"), [(0.3, False), (0.0, True)])
def test_stochastic_depth_that_passes_values_through(p: float, train: bool) -> None:
    agrees(kernels.stochastic_depth, lambda x: x.clone(), [normal("x", 3, 4)], p=p, train=train)


def test_stochastic_depth_of_everything() -> None:
    y, pullback = kernels.stochastic_depth(np.ones((3, 4)), p=1.0, train=True, rng=np.random.default_rng(0))
    assert not y.any()
    assert not pullback(np.ones((3, 4)))[0].any()
