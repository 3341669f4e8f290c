"""Every NumPy kernel: its value and its gradients against torch, scipy and finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import signal
from support.kernels import TOLERANCE, Kernel, agrees, close, differentiates, moderate, normal, tuples

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import RULES, call

torch.set_num_threads(1)
CONVS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
MAX_POOLS = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVG_POOLS = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def test_each_rule_is_named_after_its_kernel() -> None:
    assert [kind.name for kind in RULES] == [rule.__name__.rstrip("_") for rule in RULES.values()]
    assert all(hasattr(kernels, rule.__name__) for rule in RULES.values())


def test_options_are_short() -> None:
    found = call(kernels.conv, stride=(2, 2), padding=(0, 0), dilation=(1, 2), groups=1)
    assert found.options == {"stride": 2, "dilation": (1, 2)}
    assert call(kernels.dropout, p=0.5).context == ("train", "rng")


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[list[np.ndarray], dict[str, Any]]:
    axes = draw(st.integers(1, 3))
    kernel, dilation = draw(tuples(axes, 1, 3)), draw(tuples(axes, 1, 2))
    stride, padding = draw(tuples(axes, 1, 3)), draw(tuples(axes, 0, 2))
    groups, inputs, outputs = (draw(st.integers(1, 3)) for _ in range(3))
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    sizes = [max(1, s - 2 * p) + draw(st.integers(0, 4)) for s, p in zip(spans, padding, strict=True)]
    arrays = [normal("x", draw(st.integers(1, 2)), groups * inputs, *sizes)]
    arrays.append(normal("weight", groups * outputs, inputs, *kernel))
    if draw(st.booleans()):
        arrays.append(normal("bias", groups * outputs))
    return arrays, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


@given(convolutions(), st.booleans())
@moderate
def test_conv(case: tuple[list[np.ndarray], dict[str, Any]], flip: bool) -> None:
    arrays, options = case

    def reference(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        turned = weight.flip(tuple(range(2, weight.ndim))) if flip else weight
        return CONVS[x.ndim - 2](x, turned, bias, **options)

    agrees(kernels.conv, reference, arrays, flip=flip, **options)
    differentiates(kernels.conv, arrays, flip=flip, **options)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("padding", [0, 2])
def test_conv_is_correlation_and_flipped_is_convolution(flip: bool, padding: int) -> None:
    x, weight = normal("x", 1, 1, 9, 7), normal("weight", 1, 1, 3, 5)
    slide = signal.convolve2d if flip else signal.correlate2d
    wanted = slide(np.pad(x[0, 0], padding), weight[0, 0], mode="valid")
    close(kernels.conv(x, weight, padding=padding, flip=flip)[0][0, 0], wanted, 1e-12)


def test_conv_of_no_images() -> None:
    y, pullback = kernels.conv(np.zeros((0, 2, 5, 5)), normal("weight", 3, 2, 3, 3), padding=1)
    assert y.shape == (0, 3, 5, 5)
    assert not pullback(y)[1]["weight"].any()


def test_a_window_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="a window of 5 does not fit into 4 positions"):
        kernels.conv(np.zeros((1, 1, 4, 4)), np.zeros((1, 1, 5, 5)))


@st.composite
def pools(draw: st.DrawFn) -> tuple[tuple[int, ...], dict[str, Any]]:
    axes = draw(st.integers(1, 3))
    kernel, stride = draw(tuples(axes, 1, 3)), draw(tuples(axes, 1, 4))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *draw(tuples(axes, 3, 7)))
    return shape, {"kernel": kernel, "stride": stride, "padding": padding, "ceil": draw(st.booleans())}


def in_torch(pool: Kernel, /, kernel: Any, ceil: bool, **options: Any) -> Kernel:
    return lambda x: pool(x, kernel, ceil_mode=ceil, **options)


@given(pools(), st.data())
@moderate
def test_max_pool(case: tuple[tuple[int, ...], dict[str, Any]], data: st.DataObject) -> None:
    shape, options = case
    dilation = data.draw(tuples(len(shape) - 2, 1, 2))
    spans = [d * (k - 1) + 1 for k, d in zip(options["kernel"], dilation, strict=True)]
    assume(all(n + 2 * p >= s for n, p, s in zip(shape[2:], options["padding"], spans, strict=True)))
    options["dilation"] = dilation
    reference = in_torch(MAX_POOLS[len(shape) - 2], **options)
    agrees(kernels.max_pool, reference, [normal("x", *shape)], **options)
    agrees(kernels.max_pool, reference, [np.round(normal("ties", *shape))], **options)
    differentiates(kernels.max_pool, [normal("x", *shape)], **options)


@given(pools(), st.booleans())
@moderate
def test_avg_pool(case: tuple[tuple[int, ...], dict[str, Any]], count_padding: bool) -> None:
    shape, options = case
    reference = in_torch(AVG_POOLS[len(shape) - 2], **options, count_include_pad=count_padding)
    agrees(kernels.avg_pool, reference, [normal("x", *shape)], count_padding=count_padding, **options)
    differentiates(kernels.avg_pool, [normal("x", *shape)], count_padding=count_padding, **options)


def test_max_pool_of_nan_is_nan() -> None:
    x = np.array([[[1, np.nan, 2, 3]]])
    y, pullback = kernels.max_pool(x, kernel=2)
    np.testing.assert_array_equal(y, [[[np.nan, 3]]])
    np.testing.assert_array_equal(pullback(np.ones_like(y))[0], [[[0, 1, 0, 1]]])


@given(st.lists(st.integers(1, 3), min_size=1, max_size=2), st.integers(1, 4), st.integers(1, 4), st.booleans())
@moderate
def test_linear(rows: list[int], inputs: int, outputs: int, bias: bool) -> None:
    arrays = [normal("x", *rows, inputs), normal("weight", outputs, inputs)] + [normal("bias", outputs)] * bias
    agrees(kernels.linear, F.linear, arrays)
    differentiates(kernels.linear, arrays)


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
def test_elementwise(name: str) -> None:
    x = np.concatenate([normal("x", 20) * 3, [0, -0.0, 30, -30, 700, -700]])
    with np.errstate(over="raise", invalid="raise"):
        agrees(getattr(kernels, name), getattr(torch, name), [x])
    differentiates(getattr(kernels, name), [normal("x", 2, 3, 4)])
    assert np.isnan(getattr(kernels, name)(np.array([np.nan]))[0]).all()


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_softmax(axis: int) -> None:
    x = normal("x", 2, 3, 4)
    agrees(kernels.softmax, lambda x: torch.softmax(x, axis), [x], axis=axis)
    agrees(kernels.softmax, lambda x: torch.softmax(x, axis), [1000 * x], axis=axis)
    differentiates(kernels.softmax, [x], axis=axis)


@pytest.mark.parametrize("start", [0, 1, 2, -1])
def test_flatten(start: int) -> None:
    agrees(kernels.flatten, lambda x: torch.flatten(x, start), [normal("x", 2, 3, 4, 5)], start=start)


def test_identity() -> None:
    agrees(kernels.identity, lambda x: x.clone(), [normal("x", 2, 3)])


@pytest.mark.parametrize("arms", [1, 2, 4])
def test_add(arms: int) -> None:
    xs = [normal(f"x{index}", 2, 3) for index in range(arms)]
    agrees(kernels.add, lambda *xs: sum(xs[1:], xs[0].clone()), xs)
    differentiates(kernels.add, xs)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("sizes", [[3], [1, 2], [2, 1, 3]])
def test_concat(axis: int, sizes: list[int]) -> None:
    shape = [2, 3, 4]
    xs = [normal(f"x{size}", *shape[: axis % 3], size, *shape[axis % 3 + 1 :]) for size in sizes]
    agrees(kernels.concat, lambda *xs: torch.cat(xs, axis), xs, axis=axis)
    differentiates(kernels.concat, xs, axis=axis)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_in_training(dtype: type) -> None:
    x = normal("x", 200, 200).astype(dtype)
    y, pullback = kernels.dropout(x, p=0.3, train=True, rng=np.random.default_rng(0))
    kept = y != 0
    assert kept.mean() == pytest.approx(0.7, abs=0.01)
    close(y[kept], x[kept] / 0.7, TOLERANCE[dtype])
    dx = pullback(np.ones_like(x))[0]
    assert y.dtype == dx.dtype == dtype
    close(dx, kept / 0.7, 1e-6)


@pytest.mark.parametrize(("p", "train"), [(0.3, False), (0.0, True)])
def test_dropout_that_passes_values_through(p: float, train: bool) -> None:
    agrees(kernels.dropout, lambda x: x.clone(), [normal("x", 3, 4)], p=p, train=train)


def test_dropout_of_everything() -> None:
    y, pullback = kernels.dropout(np.ones((3, 4)), p=1.0, train=True, rng=np.random.default_rng(0))
    assert not y.any()
    assert not pullback(np.ones((3, 4)))[0].any()
