"""PyTorch's own samples of inputs, said in the language: what its developers try each function and each module on.

`samples()` goes through `op_db` and `module_db` of `torch.testing._internal` for everything that one of our ops is, and
says each sample as a stage with inputs and weights, or why the language cannot say it. `held` computes one of them by
both backends: values and gradients are torch's, in float64.
"""

from __future__ import annotations

import sys
import unittest
import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from inspect import signature
from itertools import chain, groupby, islice
from math import prod
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import torch

from archdsl.compiler import check_source
from archdsl.source import Source
from support.one_function import ROUNDED, Meant, Run, close, leaves, listed, same

if find_spec("expecttest") is None:  # torch's samples need of it no more than this
    sys.modules["expecttest"] = ModuleType("expecttest")
    sys.modules["expecttest"].TestCase = unittest.TestCase  # type: ignore[attr-defined]

from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db


class Unsaid(Exception):
    """Why the language cannot say a sample."""


class Said(NamedTuple):
    """A stage, what goes into it, and its weights by the ends of their names."""

    stage: str
    inputs: list[Any]
    weights: Mapping[str, Any] = MappingProxyType({})
    train: bool = False


class Sample(NamedTuple):
    """A sample said in the language (`said`), or the reason why not; `compute` is what torch makes of it."""

    source: str
    op: str
    said: Said | None
    reason: str
    compute: Callable[[], Any]


def number(value: Any) -> str:
    """A number or several, as a spec writes them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list | torch.Size):
        return f"[{', '.join(map(number, value))}]"
    return "none" if value is None else repr(value)


def stage(op: str, *positional: Any, **named: Any) -> str:
    """A call as a spec writes it; texts stand in quotes."""
    shown = [number(value) for value in positional]
    shown += [f'{k}="{v}"' if isinstance(v, str) else f"{k}={number(v)}" for k, v in named.items()]
    return f"{op}({', '.join(shown)})" if shown else op


def only(condition: Any, reason: str) -> None:
    """The sample can be said under this condition."""
    if not condition:
        raise Unsaid(reason)


def each(size: Any, axes: int) -> tuple[int, ...]:
    return (size,) * axes if isinstance(size, int) else tuple(size) * (axes if len(size) == 1 else 1)


def batched(x: Any, axes: int) -> None:
    only(x.ndim == axes + 2, "has no batch")


def own(**weights: Any) -> dict[str, Any]:
    return {name: tensor for name, tensor in weights.items() if tensor is not None}


def conv(op: str, axes: int) -> Callable[..., Said]:
    def said(
        input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
    ) -> Said:
        batched(input, axes)
        if padding == "same":
            ends = [d * (k - 1) for d, k in zip(each(dilation, axes), weight.shape[2:], strict=True)]
            only(not any(end % 2 for end in ends), "padding by the word same, more at one end")
            padding = [end // 2 for end in ends]
        facts = {
            "kernel": weight.shape[2:],
            "stride": each(stride, axes),
            "padding": each(0 if padding == "valid" else padding, axes),
            "dilation": each(dilation, axes),
        }
        return Said(
            stage(op, len(weight), **facts, groups=groups, bias=bias is not None),
            [input],
            own(weight=weight, bias=bias),
        )

    return said


def conv_transpose(axes: int) -> Callable[..., Said]:
    def said(
        input: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Said:
        batched(input, axes)
        facts = {
            "kernel": weight.shape[2:],
            "stride": each(stride, axes),
            "padding": each(padding, axes),
            "output_padding": each(output_padding, axes),
            "dilation": each(dilation, axes),
        }
        channels = weight.shape[1] * groups
        text = stage("conv_transpose", channels, **facts, groups=groups, bias=bias is not None)
        return Said(text, [input], own(weight=weight, bias=bias))

    return said


def max_pool(axes: int) -> Callable[..., Said]:
    def said(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Said:
        batched(input, axes)
        only(not return_indices, "returns indices")
        facts = {"kernel": each(kernel_size, axes), "stride": each(stride or kernel_size, axes)}
        facts |= {"padding": each(padding, axes), "dilation": each(dilation, axes)}
        return Said(stage("max_pool", **facts, ceil=ceil_mode), [input])

    return said


def avg_pool(axes: int) -> Callable[..., Said]:
    def said(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
    ) -> Said:
        batched(input, axes)
        only(divisor_override is None, "divides by a number of its own")
        facts = {"kernel": each(kernel_size, axes), "stride": each(stride or kernel_size, axes)}
        facts |= {"padding": each(padding, axes)}
        return Said(stage("avg_pool", **facts, ceil=ceil_mode, count_padding=count_include_pad), [input])

    return said


def lp_pool(axes: int) -> Callable[..., Said]:
    def said(input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Said:
        batched(input, axes)
        only(norm_type % 2 == 0, "takes powers of x, not of |x|")
        facts = {"kernel": each(kernel_size, axes), "stride": each(stride or kernel_size, axes)}
        return Said(stage("lp_pool", **facts, p=norm_type, ceil=ceil_mode), [input])

    return said


def adaptive(op: str, axes: int) -> Callable[..., Said]:
    def said(input: Any, output_size: Any, return_indices: bool = False) -> Said:
        batched(input, axes)
        only(not return_indices, "returns indices")
        only(None not in each(output_size, axes), "keeps the size of an axis")
        return Said(stage(op, each(output_size, axes)), [input])

    return said


def linear(input: Any, weight: Any, bias: Any = None) -> Said:
    only(weight.ndim == 2, "has a weight of one axis")
    axis = {"axis": -1} if input.ndim not in (2, 3) else {}
    return Said(stage("linear", len(weight), bias=bias is not None, **axis), [input], own(weight=weight, bias=bias))


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Said:
    only(running_mean is not None and running_var is not None, "keeps no averages")
    only((weight is None) == (bias is None), "has an offset and no scale, or a scale and no offset")
    facts = {"eps": eps, "momentum": momentum, "affine": weight is not None}
    averages = {"running_mean": running_mean, "running_var": running_var, "num_batches_tracked": torch.tensor(0)}
    return Said(stage("batch_norm", **facts), [input], own(weight=weight, bias=bias, **averages), training)


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Said:
    only(weight is not None or bias is None, "has an offset and no scale")
    facts = {"axes": len(normalized_shape), "eps": eps, "affine": weight is not None}
    facts |= {"bias": bias is not None} if weight is not None else {}
    return Said(stage("layer_norm", **facts), [input], own(weight=weight, bias=bias))


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Said:
    eps = torch.finfo(input.dtype).eps if eps is None else eps
    only(eps >= 1e-12, "adds less than the language does")
    facts = {"axes": len(normalized_shape), "eps": eps, "affine": weight is not None}
    return Said(stage("rms_norm", **facts), [input], own(weight=weight))


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Said:
    only((weight is None) == (bias is None), "has an offset and no scale, or a scale and no offset")
    return Said(
        stage("group_norm", num_groups, eps=eps, affine=weight is not None), [input], own(weight=weight, bias=bias)
    )


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Said:
    only(running_mean is None and running_var is None, "keeps averages")
    only((weight is None) == (bias is None), "has an offset and no scale, or a scale and no offset")
    return Said(stage("instance_norm", eps=eps, affine=weight is not None), [input], own(weight=weight, bias=bias))


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Said:
    return Said(stage("local_response_norm", size, alpha=alpha, beta=beta, k=float(k)), [input])


def plain(op: str) -> Callable[..., Said]:
    def said(input: Any, inplace: bool = False) -> Said:
        return Said(op, [input])

    return said


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Said:
    return Said(stage("leaky_relu", negative_slope), [input])


def prelu(input: Any, weight: Any) -> Said:
    only(weight.ndim == 1, "has a weight without an axis")
    return Said(stage("prelu", per_channel=len(weight) > 1), [input], {"weight": weight})


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Said:
    return Said(stage("elu", float(alpha)), [input])


def gelu(input: Any, approximate: str = "none") -> Said:
    return Said(stage("gelu", approximate=approximate), [input])


def softplus(input: Any, beta: float = 1, threshold: float = 20) -> Said:
    return Said(stage("softplus", float(beta), threshold=float(threshold)), [input])


def softmax(op: str) -> Callable[..., Said]:
    def said(input: Any, dim: int, dtype: Any = None) -> Said:
        only(dtype is None, "changes the precision")
        return Said(stage(op, axis=dim), [input])

    return said


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Said:
    only(end_dim % input.ndim == input.ndim - 1 if input.ndim else False, "ends before the last axis")
    return Said(stage("flatten", start=start_dim), [input])


def reshape(input: Any, *shape: Any) -> Said:
    sizes = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
    only(input.ndim and len(sizes) > 1 and sizes[0] == len(input), "changes the batch")
    return Said(stage("reshape", list(sizes[1:])), [input])


def permute(input: Any, dims: Any) -> Said:
    return Said(stage("permute", list(dims)), [input])


def split(input: Any, split_size: Any, dim: int = 0) -> Said:
    size = input.shape[dim] if input.ndim else 0
    parts = list(split_size) if isinstance(split_size, tuple | list) else [split_size] * (size // split_size)
    parts += [size - sum(parts)] if size > sum(parts) else []
    return Said(stage("split", parts, axis=dim), [input])


def chunk(input: Any, chunks: int, dim: int = 0) -> Said:
    only(input.shape[dim] % chunks == 0, "leaves parts of different sizes")
    return Said(stage("chunk", chunks, axis=dim), [input])


def narrow(input: Any, dim: int, start: Any, length: int) -> Said:
    only(isinstance(start, int), "starts at a tensor")
    only(length, "leaves nothing")
    stop = start + length
    return Said(stage("slice", dim, start=start, stop=stop if stop else None), [input])


def pad(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Said:
    axes = input.ndim - 2
    only(axes in (1, 2, 3), "has other than one to three spatial axes")
    only(len(pad) <= 2 * axes, "pads the channels or the batch")
    only(min(pad, default=0) >= 0, "cuts off what is negative")
    ends = [*pad, *[0] * (2 * axes - len(pad))]
    before, after = ends[-2::-2], ends[::-2]
    facts = {"value": float(value)} if value else {}
    return Said(stage("pad", before, after=after, mode=mode, **facts), [input])


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Said:
    axes = input.ndim - 2
    only(mode in ("nearest", "linear", "bilinear", "trilinear"), f"interpolates by {mode}")
    wanted = (
        each(size, axes)
        if size is not None
        else [n * s for n, s in zip(input.shape[2:], each_float(scale_factor, axes), strict=True)]
    )
    scales = [new / old for new, old in zip(wanted, input.shape[2:], strict=True)]
    only(all(scale == int(scale) and scale >= 1 for scale in scales), "scales by no whole number")
    facts = {"align_corners": bool(align_corners)} if mode != "nearest" else {}
    return Said(stage("upsample", [int(scale) for scale in scales], mode=mode, **facts), [input])


def each_float(scale: Any, axes: int) -> tuple[float, ...]:
    return tuple(scale) if isinstance(scale, tuple | list) else (scale,) * axes


def by_factor(op: str) -> Callable[..., Said]:
    def said(input: Any, upscale_factor: int = 0, downscale_factor: int = 0, groups: int = 0) -> Said:
        factor = upscale_factor or downscale_factor or groups
        only(input.ndim == 4 or op == "channel_shuffle", "has another number of axes than an image")
        return Said(stage(op, factor), [input])

    return said


def reduction(op: str) -> Callable[..., Said]:
    def said(input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Said:
        only(dtype is None, "changes the precision")
        axes = [dim] if isinstance(dim, int) else list(dim or range(input.ndim))
        only(0 not in axes and -input.ndim not in axes, "reduces the batch")
        return Said(stage(op, axes, keep=keepdim), [input])

    return said


def arithmetic(op: str) -> Callable[..., Said]:
    def said(input: Any, other: Any, alpha: Any = 1) -> Said:
        only(isinstance(other, torch.Tensor), "joins a number")
        only(alpha == 1, "scales the second arm")
        only(input.ndim == other.ndim, "joins values of other numbers of axes")
        only(not input.ndim or len(input) == len(other), "stretches over samples")
        broadcast = {"broadcast": True} if input.shape != other.shape else {}
        return Said(f"{stage(op, **broadcast)} {{ | x0 | x1 }}", [input, other])

    return said


def cat(tensors: Any, dim: int = 0) -> Said:
    only(dim != 0 and dim != -tensors[0].ndim, "joins along the batch")
    arms = " ".join(f"| x{index}" for index in range(len(tensors)))
    return Said(f"{stage('concat', axis=dim)} {{ {arms} }}", list(tensors))


def matmul(input: Any, other: Any) -> Said:
    only(input.ndim == other.ndim and input.shape[:-2] == other.shape[:-2], "stretches over samples")
    return Said("matmul { | x0 | x1 }", [input, other])


def embedding(
    input: Any,
    weight: Any,
    padding_idx: Any = None,
    max_norm: Any = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Said:
    only(padding_idx is None and max_norm is None, "keeps or rescales rows of its weight")
    only(not scale_grad_by_freq and not sparse, "has another gradient")
    return Said(stage("embedding", *weight.shape), [input], {"weight": weight})


FUNCTIONS: dict[str, tuple[str, Callable[..., Said]]] = {
    **{f"nn.functional.conv{n}d": ("conv", conv("conv", n)) for n in (1, 2, 3)},
    **{f"nn.functional.conv_transpose{n}d": ("conv_transpose", conv_transpose(n)) for n in (1, 2, 3)},
    **{f"nn.functional.max_pool{n}d": ("max_pool", max_pool(n)) for n in (1, 2, 3)},
    **{f"nn.functional.avg_pool{n}d": ("avg_pool", avg_pool(n)) for n in (1, 2, 3)},
    **{f"nn.functional.lp_pool{n}d": ("lp_pool", lp_pool(n)) for n in (1, 2, 3)},
    **{
        f"nn.functional.adaptive_{kind}_pool{n}d": (f"adaptive_{kind}_pool", adaptive(f"adaptive_{kind}_pool", n))
        for n in (1, 2, 3)
        for kind in ("avg", "max")
    },
    "nn.functional.linear": ("linear", linear),
    "nn.functional.batch_norm": ("batch_norm", batch_norm),
    "nn.functional.layer_norm": ("layer_norm", layer_norm),
    "nn.functional.rms_norm": ("rms_norm", rms_norm),
    "nn.functional.group_norm": ("group_norm", group_norm),
    "nn.functional.instance_norm": ("instance_norm", instance_norm),
    "nn.functional.local_response_norm": ("local_response_norm", local_response_norm),
    **{
        f"nn.functional.{op}": (op, plain(op))
        for op in ("relu", "relu6", "selu", "silu", "mish", "hardswish", "hardsigmoid", "softsign")
    },
    **{op: (op, plain(op)) for op in ("sigmoid", "tanh")},
    "nn.functional.leaky_relu": ("leaky_relu", leaky_relu),
    "nn.functional.prelu": ("prelu", prelu),
    "nn.functional.elu": ("elu", elu),
    "nn.functional.gelu": ("gelu", gelu),
    "nn.functional.softplus": ("softplus", softplus),
    **{op: (op, softmax(op)) for op in ("softmax", "log_softmax")},
    "flatten": ("flatten", flatten),
    "reshape": ("reshape", reshape),
    "permute": ("permute", permute),
    "split": ("split", split),
    "split_with_sizes": ("split", split),
    "chunk": ("chunk", chunk),
    "narrow": ("slice", narrow),
    "nn.functional.pad": ("pad", pad),
    "nn.functional.interpolate": ("upsample", interpolate),
    **{f"nn.functional.{op}": (op, by_factor(op)) for op in ("pixel_shuffle", "pixel_unshuffle", "channel_shuffle")},
    "mean": ("mean", reduction("mean")),
    "amax": ("max", reduction("max")),
    **{op: (op, arithmetic(op)) for op in ("add", "mul", "sub")},
    "cat": ("concat", cat),
    "matmul": ("matmul", matmul),
    "bmm": ("matmul", matmul),
    "nn.functional.embedding": ("embedding", embedding),
}
"""Torch's functions that are ops of ours: the op, and how a call is said."""


def _conv(m: Any, x: Any) -> tuple[Any, ...]:
    only(m.padding_mode == "zeros", "pads by something else than zeros")
    return x, m.weight, m.bias, m.stride, m.padding, m.dilation, m.groups


def _norm(m: Any, x: Any) -> tuple[Any, ...]:
    only(m.track_running_stats, "keeps no averages")
    return x, m.running_mean, m.running_var, m.weight, m.bias, m.training, m.momentum, m.eps


def _instance(m: Any, x: Any) -> tuple[Any, ...]:
    only(not m.track_running_stats, "keeps averages")
    batched(x, int(type(m).__name__[-2]))
    return x, None, None, m.weight, m.bias, True, 0.1, m.eps


def _attention(m: Any, query: Any, key: Any = None, value: Any = None, **options: Any) -> Said:
    only(m.batch_first and query.ndim == 3, "has no batch, or not as its first axis")
    only(key is query and value is query, "attends to something else")
    only(m.in_proj_weight is not None and m.bias_k is None and not m.add_zero_attn, "has keys or values of its own")
    only(options.get("attn_mask") is None and options.get("key_padding_mask") is None, "is masked by an input")
    weights = dict(m.named_parameters())
    return Said(stage("attention", m.num_heads, bias=m.in_proj_bias is not None), [query], weights)


MODULES: dict[str, tuple[str, Callable[..., Any]]] = {
    **{f"nn.Conv{n}d": (f"nn.functional.conv{n}d", _conv) for n in (1, 2, 3)},
    **{
        f"nn.ConvTranspose{n}d": (
            f"nn.functional.conv_transpose{n}d",
            lambda m, x: (x, m.weight, m.bias, m.stride, m.padding, m.output_padding, m.groups, m.dilation),
        )
        for n in (1, 2, 3)
    },
    **{
        f"nn.MaxPool{n}d": (
            f"nn.functional.max_pool{n}d",
            lambda m, x: (x, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, m.return_indices),
        )
        for n in (1, 2, 3)
    },
    **{
        f"nn.AvgPool{n}d": (
            f"nn.functional.avg_pool{n}d",
            lambda m, x: (
                x,
                m.kernel_size,
                m.stride,
                m.padding,
                m.ceil_mode,
                m.count_include_pad,
                getattr(m, "divisor_override", None),
            ),
        )
        for n in (1, 2, 3)
    },
    **{
        f"nn.LPPool{n}d": (
            f"nn.functional.lp_pool{n}d",
            lambda m, x: (x, float(m.norm_type), m.kernel_size, m.stride, m.ceil_mode),
        )
        for n in (1, 2, 3)
    },
    **{
        f"nn.Adaptive{kind}Pool{n}d": (
            f"nn.functional.adaptive_{kind.lower()}_pool{n}d",
            lambda m, x: (x, m.output_size),
        )
        for n in (1, 2, 3)
        for kind in ("Avg", "Max")
    },
    "nn.Linear": ("nn.functional.linear", lambda m, x: (x, m.weight, m.bias)),
    **{f"nn.BatchNorm{n}d": ("nn.functional.batch_norm", _norm) for n in (1, 2, 3)},
    **{f"nn.InstanceNorm{n}d": ("nn.functional.instance_norm", _instance) for n in (1, 2, 3)},
    "nn.LayerNorm": ("nn.functional.layer_norm", lambda m, x: (x, m.normalized_shape, m.weight, m.bias, m.eps)),
    "nn.RMSNorm": ("nn.functional.rms_norm", lambda m, x: (x, m.normalized_shape, m.weight, m.eps)),
    "nn.GroupNorm": ("nn.functional.group_norm", lambda m, x: (x, m.num_groups, m.weight, m.bias, m.eps)),
    "nn.LocalResponseNorm": ("nn.functional.local_response_norm", lambda m, x: (x, m.size, m.alpha, m.beta, m.k)),
    **{
        f"nn.{name}": (f"nn.functional.{name.lower()}", lambda m, x: (x,))
        for name in ("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "Softsign")
    },
    "nn.Sigmoid": ("sigmoid", lambda m, x: (x,)),
    "nn.Tanh": ("tanh", lambda m, x: (x,)),
    "nn.LeakyReLU": ("nn.functional.leaky_relu", lambda m, x: (x, m.negative_slope)),
    "nn.PReLU": ("nn.functional.prelu", lambda m, x: (x, m.weight)),
    "nn.ELU": ("nn.functional.elu", lambda m, x: (x, m.alpha)),
    "nn.GELU": ("nn.functional.gelu", lambda m, x: (x, m.approximate)),
    "nn.Softplus": ("nn.functional.softplus", lambda m, x: (x, m.beta, m.threshold)),
    "nn.Softmax": ("softmax", lambda m, x: (x, m.dim)),
    "nn.LogSoftmax": ("log_softmax", lambda m, x: (x, m.dim)),
    "nn.Flatten": ("flatten", lambda m, x: (x, m.start_dim, m.end_dim)),
    **{
        f"nn.{name}Pad{n}d": (
            "nn.functional.pad",
            lambda m, x, mode=mode: (x, m.padding, mode, getattr(m, "value", None)),
        )
        for n in (1, 2, 3)
        for name, mode in (
            ("Constant", "constant"),
            ("Zero", "constant"),
            ("Reflection", "reflect"),
            ("Replication", "replicate"),
            ("Circular", "circular"),
        )
    },
    "nn.PixelShuffle": ("nn.functional.pixel_shuffle", lambda m, x: (x, m.upscale_factor)),
    "nn.PixelUnshuffle": ("nn.functional.pixel_unshuffle", lambda m, x: (x, m.downscale_factor)),
    "nn.Embedding": ("nn.functional.embedding", lambda m, x: (x, m.weight, m.padding_idx, m.max_norm)),
    "nn.MultiheadAttention": ("", _attention),
}
"""Torch's modules that are ops of ours: the function that they call, and what they call it with."""


FIRST = 40
"""Samples of a function that are looked at where a few are wanted."""


def samples(few: int | None = None) -> Iterator[Sample]:
    """Every sample; or so many of each function and module that can be said, out of its first ones."""
    of_each = groupby(chain(_of_functions(few), _of_modules(few)), key=lambda sample: sample.source)
    for _, found in of_each:
        yield from found if few is None else islice((sample for sample in found if sample.said), few)


def _of_functions(few: int | None) -> Iterator[Sample]:
    for info in op_db:
        if info.name not in FUNCTIONS or torch.float64 not in info.dtypes:
            continue
        op, say = FUNCTIONS[info.name]
        source = f"{info.name} {info.variant_test_name}".strip()
        for sample in islice(info.sample_inputs("cpu", torch.float64, requires_grad=True), few and FIRST):
            first = [sample.args[0], sample.input] if op == "embedding" else [sample.input]
            rest = sample.args[1:] if op == "embedding" else sample.args
            compute = lambda info=info, sample=sample: info.op(sample.input, *sample.args, **sample.kwargs)  # noqa: E731
            yield _sample(source, op, say, (*first, *rest), sample.kwargs, compute)


def _of_modules(few: int | None) -> Iterator[Sample]:
    for info in module_db:
        if info.name not in MODULES:
            continue
        function, arguments = MODULES[info.name]
        op = FUNCTIONS[function][0] if function else "attention"
        for train in (False, True):
            found = info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=True, training=train)
            for case in islice(found, few and FIRST):
                made = (
                    info.module_cls(*case.constructor_input.args, **case.constructor_input.kwargs).double().train(train)
                )
                given = case.forward_input
                say = _of_module(function, arguments, made)
                compute = lambda made=made, given=given: made(*given.args, **given.kwargs)  # noqa: E731
                yield _sample(info.name, op, say, given.args, dict(given.kwargs), compute)


def _of_module(function: str, arguments: Callable[..., Any], made: Any) -> Callable[..., Said]:
    def say(*args: Any, **kwargs: Any) -> Said:
        found = arguments(made, *args, *(kwargs.pop(name) for name in ("input",) if name in kwargs), **kwargs)
        return found if isinstance(found, Said) else FUNCTIONS[function][1](*found)

    return say


def _sample(
    source: str, op: str, say: Callable[..., Said], args: Any, kwargs: Any, compute: Callable[[], Any]
) -> Sample:
    try:
        if getattr(say, "__name__", "") == "said" or say in [function for _, function in FUNCTIONS.values()]:
            signature(say).bind(*args, **kwargs)
        said = say(*args, **kwargs)
        only(all(x.ndim for x in said.inputs), "has no axis")
        only(all(prod(x.shape) for x in said.inputs), "is empty")
    except Unsaid as reason:
        return Sample(source, op, None, str(reason), compute)
    except (TypeError, IndexError) as error:
        return Sample(source, op, None, f"takes other arguments: {error}", compute)
    return Sample(source, op, said, "", compute)


def held(sample: Sample) -> str:
    """Compute a sample by both backends; why the language refuses it, or nothing."""
    said = sample.said
    assert said is not None
    names = [f"x{index}" for index in range(len(said.inputs))]
    lines = [
        f"input {name}: {'' if x.is_floating_point() else 'int '}[{', '.join(['N', *map(str, x.shape[1:])])}]"
        for name, x in zip(names, said.inputs, strict=True)
    ]
    for name, tensor in (*said.weights.items(), *((name, x) for name, x in zip(names, said.inputs, strict=True))):
        if tensor.is_floating_point() and tensor.is_leaf and not name.startswith("running_"):
            tensor.requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = sample.compute()
    results = list(wanted) if isinstance(wanted, tuple | list) else [wanted]
    results = results[:1] if sample.op == "attention" else results
    is_several = sample.op in ("split", "chunk") and len(results) > 1
    parts = [f"p{index}" for index in range(len(results))]
    code = f"{', '.join(parts)} = {said.stage}" if is_several else said.stage
    ends = [f"output {part}" for part in parts] if is_several else []
    report = check_source(Source("sample.arch", "\n".join(["network t {", *lines, code, *ends, "}"])))
    if not report.ok:
        return f"error[{report.problems[0].code}]"
    run = Run(report.networks[0], {"N": len(said.inputs[0])}, said.stage)
    run.state = {name: said.weights[name.partition(".")[2]].detach().numpy() for name in run.state}
    run.inputs = {name: x.detach().numpy() for name, x in zip(names, said.inputs, strict=True)}
    by_name = {
        **{name: said.weights[name.partition(".")[2]] for name in run.state},
        **dict(zip(names, said.inputs, strict=True)),
    }
    leaves_of = {name: by_name[name] for name in by_name if name in run.learned}
    meant = Meant(results, _slopes(results, leaves_of, run), {})
    rounding = ROUNDED.get(sample.op, 1e-10)
    module = run.module().train(said.train)
    same("torch", run.in_torch(module), meant, rounding)
    program = run.program()
    if said.train or sample.op not in ("batch_norm", "dropout"):
        left, slopes = run.in_numpy(program)
        leaves("NumPy", left, meant)
        for name, slope in meant.slopes.items():
            close(f"NumPy: the gradient of {name}", slopes[name], slope, rounding)
    else:
        leaves("NumPy", listed(program(*run.inputs.values())), meant)
    return ""


def _slopes(results: list[Any], leaves_of: dict[str, Any], run: Run) -> dict[str, Any]:
    if not any(y.requires_grad for y in results):
        return {name: torch.zeros_like(leaf) for name, leaf in leaves_of.items()}
    asked = {name: leaf for name, leaf in leaves_of.items() if leaf.requires_grad}
    dys = [torch.tensor(dy) for dy in run.dys]
    for y, dy in zip(results, dys, strict=True):
        assert y.shape == dy.shape, f"the shape rule says {tuple(dy.shape)}, and torch leaves {tuple(y.shape)}"
    found = torch.autograd.grad(results, list(asked.values()), dys, allow_unused=True)
    return {
        name: torch.zeros_like(leaf) if slope is None else slope
        for (name, leaf), slope in zip(asked.items(), found, strict=True)
    }
