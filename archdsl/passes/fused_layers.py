"""Convolutions and linear layers as their fused forms, which later passes give norms, sums and activations."""

from __future__ import annotations

from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.ops.conv import Conv
from archdsl.ops.fused import FusedConv, FusedLinear
from archdsl.ops.linear import Linear
from archdsl.passes.bodies import in_every_body, moved, rebuilt
from archdsl.record import replace

FUSED: dict[type, type] = {Conv: FusedConv, Linear: FusedLinear}


def use_fused_layers(graph: Graph) -> Graph:
    """Write convolutions and linear layers in the forms that take more in.

        conv(x)  ->  fused_conv(x)

    A convolution that turns its kernel stays as it is.
    """
    return in_every_body(graph, lambda body: rebuilt(body, _fused))


def _fused(node: Apply | Call, inputs: tuple[Value, ...]) -> Apply | Call:
    node = moved(node, inputs)
    if isinstance(node, Call) or type(node.op) not in FUSED or getattr(node.op, "flip", False):
        return node
    return replace(node, op=FUSED[type(node.op)](**node.op.values()))
