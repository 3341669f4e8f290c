"""NumPy kernels of joins, reductions, forms, cuts, padding and upsampling, and of learned values, against torch."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from support.kernels import Kernel, agrees, close, differentiates, moderate, normal, tuples

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import lower
from archdsl.ops import Op, Rejected
from archdsl.ops.cut import Chunk, Slice, Split
from archdsl.ops.form import Reshape
from archdsl.ops.pad import Pad
from archdsl.ops.reduce import Max, Mean
from archdsl.ops.reshape import Permute
from archdsl.ops.upsample import LINEAR, Upsample
from archdsl.sizes.shape import Shape

shapes = st.integers(2, 4).flatmap(lambda rank: tuples(rank, 1, 4))


def foreseen(op: Op, x: np.ndarray) -> dict[str, Any]:
    """The options of the op's kernel, after its shape rule has foreseen the shapes of the results."""
    call = lower(op, Shape(x.shape))
    wanted: Any = op.infer(Shape(x.shape))
    y = call.kernel(x, **call.options)[0]
    results = zip(y, wanted, strict=True) if isinstance(y, tuple) else [(y, wanted)]
    assert all(part.shape == shape.dims for part, shape in results)
    return dict(call.options)


def several(kernel: Kernel, reference: Kernel, x: np.ndarray, **options: Any) -> None:
    """A kernel of several results: values and gradient are torch's."""
    tensor = torch.tensor(x, requires_grad=True)
    wanted = reference(tensor)
    parts, pullback = kernel(x, **options)
    assert len(parts) == len(wanted)
    dys = [normal(f"dy{index}", *part.shape) for index, part in enumerate(parts)]
    for part, other in zip(parts, wanted, strict=True):
        close(part, other.detach().numpy(), 1e-12)
    torch.autograd.backward(wanted, [torch.tensor(dy) for dy in dys])
    assert tensor.grad is not None
    close(pullback(tuple(dys))[0], tensor.grad.numpy(), 1e-12)


JOINS: dict[str, Callable[..., Any]] = {
    "add": lambda *xs: sum(xs[1:], xs[0].clone()),
    "mul": lambda *xs: reduce(torch.mul, xs[1:], xs[0].clone()),
    "sub": lambda a, b: a - b,
}


@pytest.mark.parametrize("name", JOINS)
@given(shapes, st.data())
@moderate
def test_joins_of_stretched_values(name: str, shape: tuple[int, ...], data: st.DataObject) -> None:
    arms = 2 if name == "sub" else data.draw(st.integers(1, 3))
    stretched = [tuple(size if data.draw(st.booleans()) else 1 for size in shape) for _ in range(arms)]
    xs = [normal(f"x{index}", *each) for index, each in enumerate(stretched)]
    agrees(getattr(kernels, name), JOINS[name], xs)
    differentiates(getattr(kernels, name), xs)


@given(shapes, st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.booleans())
@moderate
def test_matmul(outer: tuple[int, ...], n: int, k: int, m: int, transpose: bool) -> None:
    xs = [normal("a", *outer, n, k), normal("b", *outer, *((m, k) if transpose else (k, m)))]

    def reference(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a @ (b.transpose(-2, -1) if transpose else b)

    agrees(kernels.matmul, reference, xs, transpose=transpose)
    differentiates(kernels.matmul, xs, transpose=transpose)


@pytest.mark.parametrize(("kind", "function"), [(Mean, torch.mean), (Max, torch.amax)])
@given(shapes, st.data(), st.booleans())
@moderate
def test_reductions(
    kind: type[Op], function: Callable[..., Any], shape: tuple[int, ...], data: st.DataObject, keep: bool
) -> None:
    axes = tuple(data.draw(st.lists(st.integers(1, len(shape) - 1), min_size=1, unique=True)))
    axes = tuple(axis - len(shape) if data.draw(st.booleans()) else axis for axis in axes)
    x = normal("x", *shape)
    options = foreseen(kind(axes, keep), x)
    kernel = lower(kind(axes, keep)).kernel
    for values in (x, np.round(x)):
        agrees(kernel, lambda x: function(x, dim=axes, keepdim=keep), [values], **options)
    differentiates(kernel, [x], **options)


def test_max_of_nan_is_nan() -> None:
    y, pullback = kernels.max_(np.array([[1, np.nan, 2], [1, 3, 3]]), axes=1)
    np.testing.assert_array_equal(y, [np.nan, 3])
    np.testing.assert_array_equal(pullback(np.ones(2))[0], [[0, 1, 0], [0, 0.5, 0.5]])


@given(shapes, st.data())
@moderate
def test_reshape(shape: tuple[int, ...], data: st.DataObject) -> None:
    sizes = list(data.draw(st.permutations([*shape[1:], 1])))
    if data.draw(st.booleans()):
        sizes[data.draw(st.integers(0, len(sizes) - 1))] = -1
    x = normal("x", *shape)
    options = foreseen(Reshape(tuple(sizes)), x)
    agrees(kernels.reshape, lambda x: x.reshape(len(x), *sizes), [x], **options)


def test_reshape_reads_sizes_off_the_input() -> None:
    x = normal("x", 2, 3, 8, 5)
    y, pullback = kernels.reshape(x, sizes=((2, 1, 4), (3, 2, 1), -1))
    assert y.shape == (2, 2, 10, 6)
    close(pullback(y)[0], x, 1e-12)
    assert kernels.reshape(x[:0], sizes=(-1, (2, 1, 1)))[0].shape == (0, 15, 8)


@given(shapes, st.data())
@moderate
def test_permute(shape: tuple[int, ...], data: st.DataObject) -> None:
    axes = (0, *data.draw(st.permutations(range(1, len(shape)))))
    x = normal("x", *shape)
    agrees(kernels.permute, lambda x: x.permute(axes), [x], **foreseen(Permute(axes), x))


@given(shapes, st.data())
@moderate
def test_slice(shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.integers(1, len(shape) - 1))
    size = shape[axis]
    op = Slice(
        data.draw(st.sampled_from([axis, axis - len(shape)])),
        data.draw(st.integers(-size, size)),
        data.draw(st.one_of(st.none(), st.integers(-size, size))),
        data.draw(st.integers(1, 3)),
    )
    x = normal("x", *shape)
    kept = np.arange(size)[op.start : op.stop : op.step]
    try:
        options = foreseen(op, x)
    except Rejected:
        assert not len(kept) or op.start == size
        return
    agrees(kernels.slice_, lambda x: x.index_select(axis, torch.tensor(kept)), [x], **options)
    differentiates(kernels.slice_, [x], **options)


@given(shapes, st.data())
@moderate
def test_split(shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.integers(1, len(shape) - 1))
    sizes = tuple(data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=3)))
    x = normal("x", *shape[:axis], sum(sizes), *shape[axis + 1 :])
    several(kernels.split, lambda x: torch.split(x, sizes, axis), x, **foreseen(Split(sizes, axis), x))


@given(shapes, st.integers(2, 4), st.data())
@moderate
def test_chunk(shape: tuple[int, ...], count: int, data: st.DataObject) -> None:
    axis = data.draw(st.integers(1, len(shape) - 1))
    x = normal("x", *shape[:axis], count * shape[axis], *shape[axis + 1 :])
    several(kernels.chunk, lambda x: torch.chunk(x, count, axis), x, **foreseen(Chunk(count, axis), x))


@given(st.integers(1, 3).flatmap(lambda axes: st.tuples(tuples(axes, 3, 6), tuples(axes, 0, 2), tuples(axes, 0, 3))))
@moderate
def test_pad(case: tuple[tuple[int, ...], ...]) -> None:
    sizes, before, after = case
    x = normal("x", 2, 2, *sizes)
    ends = [end for pair in reversed(list(zip(before, after, strict=True))) for end in pair]
    for mode in ("constant", "reflect", "replicate", "circular"):
        op = Pad(before, after, mode, 0.5 if mode == "constant" else 0.0)
        try:
            options = foreseen(op, x)
        except Rejected:
            assert mode == "reflect"
            assert any(max(a, b) >= n for a, b, n in zip(before, after, sizes, strict=True))
            continue
        agrees(kernels.pad_, lambda x, op=op: F.pad(x, ends, op.mode, op.value), [x], **options)
        differentiates(kernels.pad_, [x], **options)


@given(st.integers(1, 3).flatmap(lambda axes: st.tuples(tuples(axes, 1, 4), tuples(axes, 1, 3))), st.booleans())
@moderate
def test_upsample(case: tuple[tuple[int, ...], ...], align_corners: bool) -> None:
    sizes, scale = case
    x = normal("x", 2, 2, *sizes)
    linear = LINEAR[x.ndim]
    scales = tuple(map(float, scale))
    for op in (Upsample(scale), Upsample(scale, linear, align_corners)):
        facts = {"mode": op.mode, **({} if op.mode == "nearest" else {"align_corners": align_corners})}
        options = foreseen(op, x)
        agrees(kernels.upsample, lambda x, f=facts: F.interpolate(x, scale_factor=scales, **f), [x], **options)
        differentiates(kernels.upsample, [x], **options)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
@moderate
def test_shuffles(factor: int, channels: int, rows: int, columns: int) -> None:
    small = normal("x", 2, channels * factor**2, rows, columns)
    large = normal("x", 2, channels, rows * factor, columns * factor)
    agrees(kernels.pixel_shuffle, lambda x: F.pixel_shuffle(x, factor), [small], factor=factor)
    agrees(kernels.pixel_unshuffle, lambda x: F.pixel_unshuffle(x, factor), [large], factor=factor)
    agrees(kernels.channel_shuffle, lambda x: dealt(x, factor**2), [small], groups=factor**2)
    np.testing.assert_array_equal(kernels.channel_shuffle(np.arange(6)[None], groups=3)[0], [[0, 2, 4, 1, 3, 5]])


def dealt(x: torch.Tensor, groups: int) -> torch.Tensor:
    """Channels dealt out: torch's own function has no gradient on CPU."""
    return x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)


@pytest.mark.parametrize(("shape", "axis"), [((2, 3), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((2, 3, 4, 5), 1)])
def test_scale(shape: tuple[int, ...], axis: int) -> None:
    arrays = [normal("x", *shape), normal("value", shape[axis], *(1 for _ in shape[axis + 1 :]))]
    agrees(kernels.scale, torch.mul, arrays)
    differentiates(kernels.scale, arrays)


def test_parameter() -> None:
    x, value = np.zeros((3, 7)), normal("value", 1, 2, 4)
    y, pullback = kernels.parameter(x, value)
    np.testing.assert_array_equal(y, np.concatenate([value] * 3))
    dx, gradients = pullback(normal("dy", 3, 2, 4))
    assert dx is None
    close(gradients["value"], normal("dy", 3, 2, 4).sum(0, keepdims=True), 1e-12)


@given(shapes)
@moderate
def test_sizes_that_are_equal_are_written_once(shape: tuple[int, ...]) -> None:
    assume(len(shape) > 2)
    assert lower(Reshape(shape[1:]), Shape((2, *shape[1:]))).options["sizes"] == shape[1:]
