"""NumPy kernels of transposed convolutions, pooling to a size and p-norm pooling, against torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from support.kernels import agrees, close, differentiates, moderate, normal, tuples

from archdsl.backends.numpy import kernels

CONVS = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
LP_POOLS = {1: F.lp_pool1d, 2: F.lp_pool2d, 3: F.lp_pool3d}


@st.composite
def transposed(draw: st.DrawFn) -> tuple[list[np.ndarray], dict[str, Any]]:
    axes = draw(st.integers(1, 3))
    kernel, dilation = draw(tuples(axes, 1, 3)), draw(tuples(axes, 1, 3))
    stride, padding = draw(tuples(axes, 1, 3)), draw(tuples(axes, 0, 2))
    added = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    groups, inputs, outputs = (draw(st.integers(1, 3)) for _ in range(3))
    sizes = draw(tuples(axes, 1, 3 if axes == 3 else 5))
    facts = zip(sizes, stride, padding, dilation, kernel, added, strict=True)
    assume(all((n - 1) * s - 2 * p + d * (k - 1) + a + 1 > 0 for n, s, p, d, k, a in facts))
    arrays = [normal("x", draw(st.integers(1, 2)), groups * inputs, *sizes)]
    arrays.append(normal("weight", groups * inputs, outputs, *kernel))
    if draw(st.booleans()):
        arrays.append(normal("bias", groups * outputs))
    options = {"stride": stride, "padding": padding, "output_padding": added, "dilation": dilation, "groups": groups}
    return arrays, options


@given(transposed())
@moderate
def test_conv_transpose(case: tuple[list[np.ndarray], dict[str, Any]]) -> None:
    arrays, options = case

    def reference(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        return CONVS[x.ndim - 2](x, weight, bias, **options)

    agrees(kernels.conv_transpose, reference, arrays, **options)
    differentiates(kernels.conv_transpose, arrays, **options)


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_conv_transpose_is_the_gradient_of_conv(stride: int, padding: int) -> None:
    weight = normal("weight", 4, 3, 3, 3)
    x = normal("x", 2, 3, *(2 * (stride * 4 + 3 - 2 * padding,)))
    y, pullback = kernels.conv(x, weight, stride=stride, padding=padding)
    dy = normal("dy", *y.shape)
    close(kernels.conv_transpose(dy, weight, stride=stride, padding=padding)[0], pullback(dy)[0], 1e-12)


def test_conv_transpose_with_one_number_for_all_axes() -> None:
    x, weight = normal("x", 1, 2, 3, 4), normal("weight", 2, 1, 3, 3)
    y = kernels.conv_transpose(x, weight, stride=2, padding=1, output_padding=1)[0]
    assert y.shape == (1, 1, 6, 8)


def test_conv_transpose_of_no_images() -> None:
    y, pullback = kernels.conv_transpose(np.zeros((0, 2, 5, 5)), normal("weight", 2, 3, 3, 3))
    assert y.shape == (0, 3, 7, 7)
    assert not pullback(y)[1]["weight"].any()


@st.composite
def images(draw: st.DrawFn) -> np.ndarray:
    return normal("x", draw(st.integers(1, 2)), draw(st.integers(1, 2)), *draw(tuples(draw(st.integers(1, 3)), 1, 6)))


@given(images(), st.data(), st.booleans())
@moderate
def test_adaptive_pools(x: np.ndarray, data: st.DataObject, ties: bool) -> None:
    axes = x.ndim - 2
    size = data.draw(tuples(axes, 1, 8 if axes == 1 else 4))
    for kind in ("avg", "max"):
        kernel, reference = getattr(kernels, f"adaptive_{kind}_pool"), getattr(F, f"adaptive_{kind}_pool{axes}d")
        agrees(kernel, lambda x, pool=reference: pool(x, size), [np.round(x) if ties else x], size=size)
        differentiates(kernel, [x], size=size)


@given(images())
@moderate
def test_global_pools(x: np.ndarray) -> None:
    axes = tuple(range(2, x.ndim))
    agrees(kernels.global_avg_pool, lambda x: x.mean(axes, keepdim=True), [x])
    agrees(kernels.global_max_pool, lambda x: x.amax(axes, keepdim=True), [x])
    differentiates(kernels.global_avg_pool, [x])
    differentiates(kernels.global_max_pool, [x])


def test_adaptive_max_pool_of_nan_is_nan() -> None:
    y, pullback = kernels.adaptive_max_pool(np.array([[[1, np.nan, 2, 3]]]), size=2)
    np.testing.assert_array_equal(y, [[[np.nan, 3]]])
    np.testing.assert_array_equal(pullback(np.ones_like(y))[0], [[[0, 1, 0, 1]]])


def test_adaptive_pools_of_no_images() -> None:
    for kernel in (kernels.adaptive_avg_pool, kernels.adaptive_max_pool):
        y, pullback = kernel(np.zeros((0, 2, 5, 5)), size=3)
        assert (y.shape, pullback(y)[0].shape) == ((0, 2, 3, 3), (0, 2, 5, 5))


@given(images(), st.data(), st.booleans())
@moderate
def test_lp_pool(x: np.ndarray, data: st.DataObject, ceil: bool) -> None:
    axes = x.ndim - 2
    kernel = tuple(data.draw(st.integers(1, n)) for n in x.shape[2:])
    options = {"kernel": kernel, "stride": data.draw(tuples(axes, 1, 3)), "ceil": ceil}
    p = data.draw(st.sampled_from([1.0, 2.0, 2.5, 3.0, 4.0]))
    x = x if p % 2 == 0 else np.abs(x)
    sizes: Any = kernel if axes > 1 else kernel[0]
    pool = lambda x: LP_POOLS[axes](x, p, sizes, options["stride"], ceil)  # noqa: E731
    agrees(kernels.lp_pool, pool, [x], p=p, **options)
    differentiates(kernels.lp_pool, [x], p=p, **options)


def test_lp_pool_is_a_norm() -> None:
    x = normal("x", 1, 1, 6)
    close(kernels.lp_pool(x, kernel=3)[0][0, 0], np.linalg.norm(x.reshape(2, 3), axis=1), 1e-12)


def test_lp_pool_of_zeros_has_no_slope() -> None:
    y, pullback = kernels.lp_pool(np.array([[[0.0, 0, 3, 4]]]), kernel=2)
    np.testing.assert_array_equal(y, [[[0, 5]]])
    np.testing.assert_allclose(pullback(np.ones_like(y))[0], [[[0, 0, 0.6, 0.8]]])
