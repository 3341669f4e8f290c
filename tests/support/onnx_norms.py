"""ONNX's norms, transposed convolutions and p-norm pooling as ops of ours."""

from __future__ import annotations

import numpy as np

from archdsl.ops.adaptive import GlobalAvgPool, GlobalMaxPool
from archdsl.ops.conv_transpose import ConvTranspose
from archdsl.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm
from archdsl.ops.pool import LpPool
from support.onnx_reading import Attributes, Read, demand, padding, reads


@reads("ConvTranspose")
def conv_transpose(attrs: Attributes, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> Read:
    ones = [1] * (x.ndim - 2)
    demand(attrs.get("auto_pad", "NOTSET") in ("NOTSET", "VALID"), "padding that follows from the size of the output")
    stride, dilation = attrs.get("strides", ones), attrs.get("dilations", ones)
    added = attrs.get("output_padding", [0 for _ in ones])
    cut = padding({"pads": attrs.get("pads", [0] * 2 * len(ones))}, x.shape[2:], weight.shape[2:])
    if "output_shape" in attrs:
        spans = zip(x.shape[2:], stride, dilation, weight.shape[2:], strict=True)
        whole = [s * (n - 1) + d * (k - 1) + 1 for n, s, d, k in spans]
        gaps = [wanted - size for wanted, size in zip(attrs["output_shape"], whole, strict=True)]
        demand(all(0 <= gap < s for gap, s in zip(gaps, stride, strict=True)), "cutting differs at the ends of an axis")
        added = gaps
    groups = attrs.get("group", 1)
    op = ConvTranspose(
        groups * weight.shape[1],
        weight.shape[2:],
        tuple(stride),
        cut,
        tuple(added),
        tuple(dilation),
        groups,
        bias is not None,
    )
    return Read(op, (x,), {"weight": weight, **({} if bias is None else {"bias": bias})})


@reads("GlobalMaxPool")
def global_max_pool(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(GlobalMaxPool(), (x,))


@reads("GlobalAveragePool")
def global_avg_pool(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(GlobalAvgPool(), (x,))


@reads("LpPool")
def lp_pool(attrs: Attributes, x: np.ndarray) -> Read:
    """ONNX takes powers of absolute values, ours (and torch's) are of the values themselves."""
    ones = [1] * (x.ndim - 2)
    demand(not any(padding(attrs, x.shape[2:], tuple(attrs["kernel_shape"]))), "p-norms over padding")
    demand(set(attrs.get("dilations", ones)) == {1}, "p-norms over dilated windows")
    demand(not attrs.get("ceil_mode", 0), "p-norms of windows that hang over the end count what they have")
    op = LpPool(tuple(attrs["kernel_shape"]), float(attrs.get("p", 2)), tuple(attrs.get("strides", ones)))
    return Read(op, (np.abs(x),))


@reads("GlobalLpPool", "lppool")
def global_lp_pool(attrs: Attributes, x: np.ndarray) -> Read:
    return lp_pool({"kernel_shape": x.shape[2:], "p": attrs.get("p", 2)}, x)


@reads("BatchNormalization", "batch_normalization")
def batch_norm(
    attrs: Attributes, x: np.ndarray, weight: np.ndarray, bias: np.ndarray, mean: np.ndarray, var: np.ndarray
) -> Read:
    """ONNX's momentum is the share of the past, and its moving variance is without Bessel's correction."""
    demand(x.ndim > 1, "values without channels")
    past, train = attrs.get("momentum", 0.9), bool(attrs.get("training_mode", 0))
    op = BatchNorm(attrs.get("epsilon", 1e-5), 1 - past)
    buffers = {"running_mean": mean.copy(), "running_var": var.copy(), "num_batches_tracked": np.array(0)}
    count = x.size // x.shape[1]

    def averages() -> tuple[np.ndarray, ...]:
        from_batch = buffers["running_var"] - past * var
        return buffers["running_mean"], past * var + from_batch * (count - 1) / count

    further = averages if train else tuple
    return Read(op, (x,), {"weight": weight, "bias": bias, **buffers}, train, further)


@reads("LayerNormalization")
def layer_norm(attrs: Attributes, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> Read:
    axes = x.ndim - attrs.get("axis", -1) % x.ndim
    op = LayerNorm(axes, attrs.get("epsilon", 1e-5), bias=bias is not None)
    weights = {"weight": weight, **({} if bias is None else {"bias": bias})}
    return Read(op, (x,), weights, further=lambda: (None, None))


@reads("GroupNormalization")
def group_norm(attrs: Attributes, x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> Read:
    demand(len(weight) == x.shape[1], "one scale for each group, as ONNX had it before opset 21")
    op = GroupNorm(attrs["num_groups"], attrs.get("epsilon", 1e-5))
    return Read(op, (x,), {"weight": weight, "bias": bias})


@reads("InstanceNormalization", "instance_normalization")
def instance_norm(attrs: Attributes, x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> Read:
    return Read(InstanceNorm(attrs.get("epsilon", 1e-5), affine=True), (x,), {"weight": weight, "bias": bias})


@reads("LRN")
def local_response_norm(attrs: Attributes, x: np.ndarray) -> Read:
    demand(attrs["size"] % 2 == 1, "an even number of neighbours, of which ONNX has one more above")
    facts = {name: attrs.get(given, default) for name, given, default in LRN}
    return Read(LocalResponseNorm(attrs["size"], **facts), (x,))


LRN = (("alpha", "alpha", 1e-4), ("beta", "beta", 0.75), ("k", "bias", 1.0))
