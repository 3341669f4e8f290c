"""NumPy norms: values and gradients against torch and finite differences, in training and in evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from support.kernels import TOLERANCE, agrees, close, differentiates, moderate, normal, tuples

from archdsl.backends.numpy import kernels


def affine(draw: st.DrawFn, *shape: int) -> list[np.ndarray]:
    """A scale and an offset, or neither."""
    return [1 + normal("weight", *shape), normal("bias", *shape)] if draw(st.booleans()) else []


def shapes(draw: st.DrawFn, channels: int, axes: tuple[int, int], least: int = 1) -> tuple[int, ...]:
    return draw(st.integers(2, 3)), channels, *draw(tuples(draw(st.integers(*axes)), least, 4))


def averages(channels: int, dtype: Any) -> dict[str, np.ndarray]:
    """The buffers of a batch norm that has seen something."""
    mean, var = normal("mean", channels).astype(dtype), np.exp(normal("var", channels)).astype(dtype)
    return {"running_mean": mean, "running_var": var, "num_batches_tracked": np.array(7)}


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[np.ndarray], dict[str, Any]]:
    channels = draw(st.integers(1, 3))
    x = 3 + 2 * normal("x", *shapes(draw, channels, (0, 3)))
    return [x, *affine(draw, channels)], {"eps": draw(st.sampled_from([1e-5, 0.1]))}


@given(batches(), st.booleans())
@moderate
def test_batch_norm(case: tuple[list[np.ndarray], dict[str, Any]], train: bool) -> None:
    arrays, options = case
    channels = arrays[0].shape[1]

    def kernel(x: np.ndarray, *own: np.ndarray, **options: Any) -> Any:
        return kernels.batch_norm(x, *own, **averages(channels, x.dtype), **options)

    def reference(x: torch.Tensor, *own: torch.Tensor) -> torch.Tensor:
        mean, var, _ = map(torch.tensor, averages(channels, x.detach().numpy().dtype).values())
        return F.batch_norm(x, mean, var, *own, training=train, **options)

    # two values of a channel that lie close together lose digits in float32
    spread = min(arrays[0].var((0, *range(2, arrays[0].ndim))))
    if spread > 0.5 or not train:
        agrees(kernel, reference, arrays, train=train, **options)
    differentiates(kernel, arrays, train=train, **options)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("momentum", [0.1, 1.0, 0.0, None])
@pytest.mark.parametrize("sizes", [(), (3,), (2, 3), (2, 1, 3)])
def test_batch_norm_keeps_torchs_averages(sizes: tuple[int, ...], momentum: float | None, dtype: type) -> None:
    kinds = {0: torch.nn.BatchNorm1d, 1: torch.nn.BatchNorm1d, 2: torch.nn.BatchNorm2d, 3: torch.nn.BatchNorm3d}
    theirs = kinds[len(sizes)](4, momentum=momentum).to(torch.tensor(np.zeros(1, dtype)).dtype)
    state = {name: tensor.numpy().copy() for name, tensor in theirs.state_dict().items()}
    for step in range(4):
        x = (step + normal(f"x{step}", 5, 4, *sizes)).astype(dtype)
        y = kernels.batch_norm(x, **state, momentum=momentum, train=True)[0]
        close(y, theirs(torch.tensor(x)).detach().numpy(), 1e3 * TOLERANCE[dtype])
    for name, tensor in theirs.state_dict().items():
        assert state[name].dtype == tensor.numpy().dtype
        close(state[name], tensor.numpy(), TOLERANCE[dtype])
    before = {name: array.copy() for name, array in state.items()}
    y = kernels.batch_norm(x, **state)[0]
    close(y, theirs.eval()(torch.tensor(x)).detach().numpy(), TOLERANCE[dtype])
    assert all((state[name] == array).all() for name, array in before.items())


def test_batch_norm_needs_several_values_to_train() -> None:
    state = {**averages(3, np.float64)}
    with pytest.raises(ValueError, match=r"needs several values of each channel, and gets \[1, 3, 1, 1\]"):
        kernels.batch_norm(np.zeros((1, 3, 1, 1)), **state, train=True)
    assert state["num_batches_tracked"] == 7
    assert kernels.batch_norm(np.zeros((1, 3, 1, 1)), **state)[0].shape == (1, 3, 1, 1)


@st.composite
def layers(draw: st.DrawFn) -> tuple[list[np.ndarray], int]:
    shape = (draw(st.integers(1, 3)), *draw(tuples(draw(st.integers(1, 4)), 1, 3)), draw(st.integers(3, 5)))
    axes = draw(st.integers(1, len(shape) - 1))
    own = [1 + normal("weight", *shape[-axes:]), normal("bias", *shape[-axes:])]
    return [normal("x", *shape), *own[: draw(st.integers(0, 2))]], axes


@given(layers())
@moderate
def test_layer_norm(case: tuple[list[np.ndarray], int]) -> None:
    arrays, axes = case
    shape = arrays[0].shape[-axes:]
    agrees(kernels.layer_norm, lambda x, *own: F.layer_norm(x, shape, *own, eps=1e-3), arrays, axes=axes, eps=1e-3)
    differentiates(kernels.layer_norm, arrays, axes=axes, eps=1e-3)


@given(st.data(), st.integers(1, 3), st.integers(1, 3))
@moderate
def test_group_norm(data: st.DataObject, groups: int, share: int) -> None:
    draw, channels = data.draw, groups * share
    x = normal("x", *shapes(draw, channels, (0 if share > 1 else 1, 3), least=2))
    arrays = [x, *affine(draw, channels)]
    agrees(kernels.group_norm, lambda x, *own: F.group_norm(x, groups, *own, eps=1e-3), arrays, groups=groups, eps=1e-3)
    differentiates(kernels.group_norm, arrays, groups=groups, eps=1e-3)


@given(st.data(), st.integers(1, 3))
@moderate
def test_instance_norm(data: st.DataObject, channels: int) -> None:
    arrays = [normal("x", *shapes(data.draw, channels, (1, 3), least=2)), *affine(data.draw, channels)]

    def reference(x: torch.Tensor, *own: torch.Tensor) -> torch.Tensor:
        weight, bias = own or (None, None)
        return F.instance_norm(x, weight=weight, bias=bias, eps=1e-3)

    agrees(kernels.instance_norm, reference, arrays, eps=1e-3)
    differentiates(kernels.instance_norm, arrays, eps=1e-3)


@given(st.data(), st.integers(1, 6), st.integers(1, 9))
@moderate
def test_local_response_norm(data: st.DataObject, channels: int, size: int) -> None:
    x = 3 * normal("x", *shapes(data.draw, channels, (1, 3)))
    options = {
        "alpha": 0.5,
        "beta": data.draw(st.sampled_from([0.75, 1.0])),
        "k": data.draw(st.sampled_from([1.0, 2.0])),
    }
    agrees(kernels.local_response_norm, lambda x: F.local_response_norm(x, size, **options), [x], size=size, **options)
    differentiates(kernels.local_response_norm, [x], size=size, **options)


@pytest.mark.parametrize("size", [2, 5])
def test_local_response_norm_sums_neighbours(size: int) -> None:
    """Written out, a value at a time."""
    x = normal("x", 1, 7, 2)
    wanted = np.empty_like(x)
    for c in range(7):
        near = [x[:, i] ** 2 for i in range(7) if c - size // 2 <= i <= c + (size - 1) // 2]
        wanted[:, c] = x[:, c] / (2 + 0.3 / size * sum(near)) ** 0.75
    close(kernels.local_response_norm(x, size=size, alpha=0.3, k=2.0)[0], wanted, 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_norms_leave_mean_0_and_variance_1(dtype: type) -> None:
    x = (100 + 7 * normal("x", 4, 6, 5, 5)).astype(dtype)
    for y, axes in (
        (kernels.batch_norm(x, **averages(6, dtype), train=True)[0], (0, 2, 3)),
        (kernels.layer_norm(x, axes=3)[0], (1, 2, 3)),
        (kernels.instance_norm(x)[0], (2, 3)),
        (kernels.group_norm(x, groups=1)[0], (1, 2, 3)),
        (kernels.group_norm(x, groups=6)[0], (2, 3)),
    ):
        assert y.dtype == dtype
        np.testing.assert_allclose(y.mean(axes), 0, atol=1e-4)
        np.testing.assert_allclose(y.var(axes), 1, atol=1e-3)
