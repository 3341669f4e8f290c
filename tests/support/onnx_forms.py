"""ONNX's activations, arithmetic, reductions, forms, cuts, padding and resizing as ops of ours."""

from __future__ import annotations

from typing import Any

import numpy as np

from archdsl.ops import Op
from archdsl.ops.activation import (
    Elu,
    Gelu,
    Hardsigmoid,
    Hardswish,
    LeakyRelu,
    LogSoftmax,
    Mish,
    Prelu,
    Relu6,
    Selu,
    Silu,
    Softplus,
)
from archdsl.ops.combine import Mul, Sub
from archdsl.ops.cut import Slice, Split
from archdsl.ops.form import Reshape
from archdsl.ops.linear import Linear
from archdsl.ops.matmul import Matmul
from archdsl.ops.pad import Pad
from archdsl.ops.reduce import Max, Mean
from archdsl.ops.reshape import Permute
from archdsl.ops.shuffle import PixelShuffle, PixelUnshuffle
from archdsl.ops.upsample import LINEAR, Upsample
from support.onnx_reading import Attributes, Read, demand, reads


def same(attrs: Attributes, **wanted: float) -> None:
    """Attributes that are given must be the constants of our op."""
    demand(all(abs(attrs.get(name, value) - value) < 1e-6 for name, value in wanted.items()), "other constants")


@reads("LeakyRelu")
def leaky_relu(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(LeakyRelu(attrs.get("alpha", 0.01)), (x,))


@reads("PRelu")
def prelu(attrs: Attributes, x: np.ndarray, slope: np.ndarray) -> Read:
    per_channel = x.ndim > 1 and slope.shape in ((x.shape[1],) + (1,) * (x.ndim - 2), (x.shape[1],) * (x.ndim == 2))
    demand(per_channel or slope.size == 1, "a slope for each position")
    return Read(Prelu(slope.size > 1), (x,), {"weight": slope.reshape(-1)})


@reads("Elu")
def elu(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(Elu(attrs.get("alpha", 1.0)), (x,))


@reads("Selu")
def selu(attrs: Attributes, x: np.ndarray) -> Read:
    same(attrs, alpha=1.6732632423543772, gamma=1.0507009873554805)
    return Read(Selu(), (x,))


@reads("Gelu")
def gelu(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(Gelu(attrs.get("approximate", "none")), (x,))


@reads("Swish")
def swish(attrs: Attributes, x: np.ndarray) -> Read:
    same(attrs, alpha=1.0)
    return Read(Silu(), (x,))


@reads("Mish")
def mish(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(Mish(), (x,))


@reads("HardSwish")
def hardswish(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(Hardswish(), (x,))


@reads("HardSigmoid")
def hardsigmoid(attrs: Attributes, x: np.ndarray) -> Read:
    same({"alpha": 0.2, **attrs}, alpha=1 / 6, beta=0.5)
    return Read(Hardsigmoid(), (x,))


@reads("Softplus")
def softplus(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(Softplus(), (x,))


@reads("LogSoftmax")
def log_softmax(attrs: Attributes, x: np.ndarray) -> Read:
    old = attrs["opset"] < 13
    axis = attrs.get("axis", 1 if old else -1)
    demand(not old or axis % x.ndim == x.ndim - 1, "softmax over several axes at once, as ONNX had it before opset 13")
    return Read(LogSoftmax(axis), (x,))


@reads("Clip")
def clip(attrs: Attributes, x: np.ndarray, low: Any = None, high: Any = None) -> Read:
    ends = (attrs.get("min", low), attrs.get("max", high))
    demand(x.dtype.kind == "f" and ends == (0, 6), "other ends than those of relu6")
    return Read(Relu6(), (x,))


def arithmetic(op: type[Op], *xs: np.ndarray) -> Read:
    demand(all(x.dtype.kind == "f" for x in xs), "arithmetic of whole numbers")
    demand(len({x.ndim for x in xs}) == 1, "values of other ranks are broadcast")
    return Read(op(broadcast=len({x.shape for x in xs}) > 1), xs)


@reads("Mul")
def mul(attrs: Attributes, *xs: np.ndarray) -> Read:
    return arithmetic(Mul, *xs)


@reads("Sub")
def sub(attrs: Attributes, *xs: np.ndarray) -> Read:
    return arithmetic(Sub, *xs)


@reads("MatMul")
def matmul(attrs: Attributes, a: np.ndarray, b: np.ndarray) -> Read:
    """A product with a matrix is a linear layer."""
    if b.ndim == 2 and a.ndim > 1:
        return Read(Linear(b.shape[1], bias=False), (a,), {"weight": b.T})
    return Read(Matmul(), (a, b))


def reduction(op: type[Op], attrs: Attributes, x: np.ndarray, axes: np.ndarray | None) -> Read:
    chosen = attrs.get("axes", axes)
    demand(chosen is not None and len(chosen) > 0, "reductions of the batch")
    demand(x.dtype.kind == "f" and x.size > 0, "reductions of whole numbers, or of nothing")
    return Read(op(tuple(map(int, chosen)), bool(attrs.get("keepdims", 1))), (x,))


@reads("ReduceMean")
def mean(attrs: Attributes, x: np.ndarray, axes: np.ndarray | None = None) -> Read:
    return reduction(Mean, attrs, x, axes)


@reads("ReduceMax")
def max_(attrs: Attributes, x: np.ndarray, axes: np.ndarray | None = None) -> Read:
    return reduction(Max, attrs, x, axes)


def formed(x: np.ndarray, sizes: list[int]) -> Read:
    demand(x.ndim > 0 and x.size > 0, "values without elements, or without a batch")
    demand(len(sizes) > 0 and x.reshape(sizes).shape[0] == len(x), "forms that mix samples")
    return Read(Reshape(tuple(sizes[1:])), (x,))


@reads("Reshape")
def reshape(attrs: Attributes, x: np.ndarray, shape: Any = None) -> Read:
    sizes = [int(size) for size in (attrs["shape"] if shape is None else shape)]
    if not attrs.get("allowzero", 0):
        sizes = [x.shape[axis] if size == 0 else size for axis, size in enumerate(sizes)]
    return formed(x, sizes)


@reads("Squeeze")
def squeeze(attrs: Attributes, x: np.ndarray, axes: Any = None) -> Read:
    chosen = attrs.get("axes", axes)
    return formed(x, list(x.squeeze(None if chosen is None else tuple(chosen)).shape))


@reads("Unsqueeze")
def unsqueeze(attrs: Attributes, x: np.ndarray, axes: Any = None) -> Read:
    chosen = attrs.get("axes", axes)
    return formed(x, list(np.expand_dims(x, tuple(int(axis) for axis in np.atleast_1d(chosen))).shape))


@reads("Transpose")
def permute(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(Permute(tuple(attrs.get("perm", reversed(range(x.ndim))))), (x,))


@reads("Slice")
def slice_(
    attrs: Attributes, x: np.ndarray, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None
) -> Read:
    starts, ends = attrs.get("starts", starts), attrs.get("ends", ends)
    axes = range(len(starts)) if axes is None and "axes" not in attrs else attrs.get("axes", axes)
    steps = [1] * len(starts) if steps is None else steps
    cuts = [(int(axis) % x.ndim, *map(int, cut)) for axis, *cut in zip(axes, starts, ends, steps, strict=True)]
    cuts = [cut for cut in cuts if cut[1] != 0 or cut[2] < x.shape[cut[0]] or cut[3] != 1]
    demand(len(cuts) == 1, "cuts along several axes at once")
    axis, start, stop, step = cuts[0]
    demand(step > 0, "steps backwards")
    return Read(Slice(axis, start, None if stop >= x.shape[axis] else stop, step), (x,))


@reads("Split")
def split(attrs: Attributes, x: np.ndarray, sizes: Any = None) -> Read:
    axis = attrs.get("axis", 0)
    sizes = attrs.get("split", sizes)
    if sizes is None:
        size = -(-x.shape[axis] // attrs.get("num_outputs", attrs["outputs"]))
        sizes = [min(size, x.shape[axis] - start) for start in range(0, x.shape[axis], size)]
    demand(all(size > 0 for size in sizes), "parts without elements")
    return Read(Split(tuple(map(int, sizes)), axis), (x,))


@reads("Pad")
def pad(attrs: Attributes, x: np.ndarray, pads: Any = None, value: Any = None, axes: Any = None) -> Read:
    pads = [int(pad) for pad in (attrs["pads"] if pads is None else pads)]
    low, high = [0] * x.ndim, [0] * x.ndim
    for place, axis in enumerate(range(x.ndim) if axes is None else axes):
        low[axis], high[axis] = pads[place], pads[place + len(pads) // 2]
    demand(min(pads) >= 0, "padding that cuts")
    demand(not any(low[:2] + high[:2]), "padding of the batch or the channels")
    modes = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}
    fill = attrs.get("value", 0.0) if value is None else float(value)
    return Read(Pad(tuple(low[2:]), tuple(high[2:]), modes[attrs.get("mode", "constant")], fill), (x,))


def factors(x: np.ndarray, scales: list[float]) -> tuple[int, ...]:
    """Scales of the spatial axes, which must be whole."""
    demand(x.ndim > 2 and list(scales[:2]) == [1, 1], "resizing of the batch or the channels")
    demand(all(scale >= 1 and scale == round(scale) for scale in scales), "scales that are not whole")
    return tuple(round(scale) for scale in scales[2:])


@reads("Upsample")
def upsample(attrs: Attributes, x: np.ndarray, scales: Any = None) -> Read:
    demand(attrs.get("mode", "nearest") == "nearest", "interpolation from the corner of pixels")
    return Read(Upsample(factors(x, list(attrs.get("scales", scales)))), (x,))


@reads("Resize")
def resize(attrs: Attributes, x: np.ndarray, roi: Any = None, scales: Any = None, sizes: Any = None, **_: Any) -> Read:
    if scales is None or not len(scales):
        demand(sizes is not None and len(sizes) == x.ndim, "sizes of some axes")
        scales = [size / old for size, old in zip(sizes, x.shape, strict=True)]
    demand("axes" not in attrs or len(attrs["axes"]) == x.ndim, "scales of some axes")
    by = factors(x, list(scales))
    mode, places = attrs.get("mode", "nearest"), attrs.get("coordinate_transformation_mode", "half_pixel")
    halves = places in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel")
    if mode == "nearest":
        rounding = attrs.get("nearest_mode", "round_prefer_floor")
        demand((halves and "round" in rounding) or (places == "asymmetric" and rounding == "floor"), "other pixels")
        return Read(Upsample(by), (x,))
    demand(mode == "linear", "cubic interpolation")
    demand(halves or places == "align_corners", "other places of pixels")
    return Read(Upsample(by, LINEAR[x.ndim], places == "align_corners"), (x,))


@reads("DepthToSpace")
def pixel_shuffle(attrs: Attributes, x: np.ndarray) -> Read:
    factor = attrs["blocksize"]
    demand(attrs.get("mode", "DCR") == "CRD" or x.shape[1] == factor**2, "another order of the channels")
    return Read(PixelShuffle(factor), (x,))


@reads("SpaceToDepth")
def pixel_unshuffle(attrs: Attributes, x: np.ndarray) -> Read:
    demand(x.shape[1] == 1, "another order of the channels")
    return Read(PixelUnshuffle(attrs["blocksize"]), (x,))
