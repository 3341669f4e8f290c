"""Which kernel runs a step of inference: a fast one, with its options, or the reference kernel.

    choose(conv)      # Call(conv3x3_into, {"padding": 1, "norm": "bn1", "epilogue": to_relu})

A fast kernel is found by the reference kernel that it stands for, and by the axes of what comes in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.fast.activate import (
    Epilogue,
    by_reference,
    to_elu,
    to_gelu,
    to_gelu_by_tanh,
    to_hardsigmoid,
    to_hardswish,
    to_leaky_relu,
    to_mish,
    to_relu,
    to_relu6,
    to_selu,
    to_sigmoid,
    to_silu,
    to_softplus,
    to_tanh,
)
from archdsl.backends.numpy.fast.adaptive import adaptive_avg_pool_into
from archdsl.backends.numpy.fast.attention import attention_into
from archdsl.backends.numpy.fast.conv import conv3x3_into, conv_into, grouped_conv_into
from archdsl.backends.numpy.fast.conv_transpose import conv_transpose_into
from archdsl.backends.numpy.fast.linear import linear_into
from archdsl.backends.numpy.fast.move import concat_into, flatten_into
from archdsl.backends.numpy.fast.pointwise import add_into, each_into, mul_into, norm_into, prelu_into, sub_into
from archdsl.backends.numpy.fast.pool import avg_pool_into, max_pool_into, mean_into
from archdsl.backends.numpy.fast.reference import batch_reference_into, reference_into
from archdsl.backends.numpy.fast.rows import layer_norm_into, log_softmax_into, softmax_into
from archdsl.backends.numpy.placed import Placed
from archdsl.backends.numpy.rules import Call, Closure, Kernel, lower
from archdsl.ops.base import Op
from archdsl.ops.fused import FusedConv, FusedJoin, FusedLinear, FusedNorm, Norm
from archdsl.sizes.shape import Shape

EPILOGUES: dict[Kernel, Epilogue] = {
    kernels.relu: to_relu,
    kernels.relu6: to_relu6,
    kernels.sigmoid: to_sigmoid,
    kernels.tanh: to_tanh,
    kernels.silu: to_silu,
    kernels.hardsigmoid: to_hardsigmoid,
    kernels.hardswish: to_hardswish,
    kernels.mish: to_mish,
    kernels.selu: to_selu,
    kernels.gelu: to_gelu,
}
"""Activations as what may follow other steps."""
MAKERS: dict[Kernel, Callable[..., Epilogue]] = {
    kernels.leaky_relu: to_leaky_relu,
    kernels.elu: to_elu,
    kernels.softplus: to_softplus,
}
"""What makes those that have options, which are the kernel's own."""
IMAGES: dict[Kernel, Kernel] = {
    kernels.conv: conv_into,
    kernels.conv_transpose: conv_transpose_into,
    kernels.batch_norm: norm_into,
    kernels.prelu: prelu_into,
    kernels.max_pool: max_pool_into,
    kernels.avg_pool: avg_pool_into,
    kernels.global_avg_pool: mean_into,
    kernels.adaptive_avg_pool: adaptive_avg_pool_into,
    kernels.flatten: flatten_into,
    kernels.concat: concat_into,
}
"""The fast kernels of what treats images, values of four axes."""
ROWS: dict[Kernel, Kernel] = {
    kernels.batch_norm: norm_into,
    kernels.concat: concat_into,
}
"""Those of what treats rows of features."""
LAST: dict[Kernel, Kernel] = {
    kernels.linear: linear_into,
    kernels.layer_norm: layer_norm_into,
    kernels.prelu: prelu_into,
    kernels.attention: attention_into,
}
"""Those of what treats the last axes of all but images, which lie otherwise."""
ALONG: dict[Kernel, Kernel] = {kernels.softmax: softmax_into, kernels.log_softmax: log_softmax_into}
"""Those of what works along one axis, if its numbers lie side by side."""
JOINS: dict[Kernel, Kernel] = {kernels.add: add_into, kernels.mul: mul_into, kernels.sub: sub_into}
PLAIN: dict[Kernel, dict[str, object]] = {
    kernels.flatten: {"start": 1},
    kernels.concat: {"axis": 1},
    kernels.batch_norm: {"momentum": None},
    kernels.conv_transpose: {"groups": 1},
    kernels.attention: {"p": None},
    kernels.softmax: {"axis": None},
    kernels.log_softmax: {"axis": None},
}
"""Options that the fast kernels don't have: with any other value, save that of `None`, the reference kernel runs."""


EPS = 1e-5
"""What the kernels add to a variance unless told otherwise."""


def choose(node: Placed) -> Call:
    """The kernel of a step, with its options and what is folded into it."""
    if node.op.is_pointwise:
        return Call(each_into, {"epilogue": epilogue(node.op)})
    kernel = fast_kernel(node)
    options = dict(node.call.options)
    if kernel is None:
        unseen = {"train": False, "rng": None}
        reference = reference_into if node.op.is_samplewise(*shapes_of(node)) else batch_reference_into
        given = {name: unseen[name] for name in node.call.context}
        return Call(reference, {"by": node.call.kernel, **options, **given})
    if kernel is conv_into:
        kernel = _conv(node)
    kept = {name: value for name, value in options.items() if name not in PLAIN.get(node.call.kernel, {})}
    return Call(kernel, {**kept, **_folded(node.op)})


def fast_kernel(node: Placed) -> Kernel | None:
    """The fast kernel of a step, if there is one for such options and such values."""
    kernel = node.call.kernel
    ranks, kinds = {x.rank for x in shapes_of(node)}, {x.kind for x in shapes_of(node)}
    plain = PLAIN.get(kernel, {})
    if "int" in kinds or any(
        node.call.options.get(name, usual) != usual for name, usual in plain.items() if usual is not None
    ):
        return None
    if kernel in ALONG:
        return ALONG[kernel] if _along_rows(node) else None
    if len(ranks) != 1:
        return None
    if kernel in JOINS:
        return JOINS[kernel]
    if ranks == {4}:
        return IMAGES.get(kernel)
    return LAST.get(kernel) or (ROWS.get(kernel) if ranks == {2} else None)


def epilogue(op: Op) -> Epilogue:
    """A function of each number as what may follow other steps."""
    call = lower(op)
    kernel, options = call.kernel, call.options
    if kernel is kernels.gelu and options.get("approximate") == "tanh":
        return to_gelu_by_tanh
    if kernel in EPILOGUES:
        return EPILOGUES[kernel]
    if kernel in MAKERS and options.get("threshold", 0) >= 0:
        return Closure(MAKERS[kernel], tuple(options.items()))
    return Closure(by_reference, (("kernel", kernel), *options.items()))


def shapes_of(node: Placed) -> list[Shape]:
    """The shapes of what a step takes."""
    return [value.shape for value in node.inputs]


def _folded(op: Op) -> dict[str, Any]:
    """The options that say what a step does besides its own work: norms and activations before and behind it."""
    found: dict[str, Any] = {}
    if isinstance(op, FusedConv) and op.prologue is not None:
        prologue = op.prologue.activation
        found |= _norm(op.prologue.norm, "first", "first_eps") | ({"prologue": epilogue(prologue)} if prologue else {})
    if isinstance(op, FusedConv):
        found |= {name: value for part in op.parts if part.after for name, value in _norm(part.after).items()}
    if isinstance(op, FusedConv | FusedLinear | FusedNorm | FusedJoin) and op.activation is not None:
        found["epilogue"] = epilogue(op.activation)
    return found


def _norm(norm: Norm, name: str = "norm", eps: str = "eps") -> dict[str, Any]:
    return {name: norm.layer} | ({eps: norm.eps} if norm.eps != EPS else {})


def _conv(node: Placed) -> Kernel:
    """The fast kernel of a convolution of images."""
    options = node.call.options
    if options.get("groups", 1) > 1:
        return grouped_conv_into
    is_small = node.op.values()["kernel"] == (3, 3)
    return conv3x3_into if is_small and not options.keys() & {"stride", "dilation"} else conv_into


def _along_rows(node: Placed) -> bool:
    """Whether a step works along the axis whose numbers lie side by side: the channels of images, else the last."""
    (x,) = shapes_of(node)
    return bool(node.call.options.get("axis", 1) % x.rank == (1 if x.rank == 4 else x.rank - 1))
