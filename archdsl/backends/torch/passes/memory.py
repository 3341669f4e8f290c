"""Which values are memory of their own, so that a later op may write over them."""

from __future__ import annotations

from archdsl.graph.nodes import Apply, Call, Value
from archdsl.ops.adaptive import Adaptive
from archdsl.ops.combine import Arithmetic, Concat
from archdsl.ops.conv import Conv
from archdsl.ops.conv_transpose import ConvTranspose
from archdsl.ops.fused import FusedConv, FusedLinear, FusedNorm
from archdsl.ops.linear import Linear
from archdsl.ops.norm import BatchNorm, GroupNorm, LayerNorm
from archdsl.ops.pool import AvgPool, MaxPool
from archdsl.passes.bodies import uses

FRESH = (
    FusedConv,
    FusedLinear,
    FusedNorm,
    Conv,
    Linear,
    ConvTranspose,
    Concat,
    BatchNorm,
    LayerNorm,
    GroupNorm,
    MaxPool,
    AvgPool,
    Adaptive,
)
"""Ops whose results are memory of their own, which nobody else holds; no gradient of theirs needs the result."""


def is_fresh(value: Value) -> bool:
    """Whether a value is memory that was made for it alone; a block's result is, if it is so inside the block."""
    node = value.node
    if isinstance(node, Call):
        inner = node.graph.outputs[value.index]
        return uses(node.graph)[inner] == 1 and is_fresh(inner)
    if isinstance(node, Apply) and isinstance(node.op, Arithmetic):
        return len(node.inputs) > 1  # the sum of one value is that value
    return isinstance(node, Apply) and isinstance(node.op, FRESH)
