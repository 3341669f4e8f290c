"""Convolutions and linear layers as their fused forms, which later passes give norms, sums and activations."""

from __future__ import annotations

from collections.abc import Callable

from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.ops.conv import Conv
from archdsl.ops.fused import FusedConv, FusedLinear
from archdsl.ops.linear import Linear
from archdsl.passes.bodies import in_every_body, moved, rebuilt
from archdsl.record import replace

FUSED: dict[type, type] = {Conv: FusedConv, Linear: FusedLinear}


def use_fused_layers(graph: Graph, takes: Callable[[Apply], bool]) -> Graph:
    """Write the convolutions and linear layers for which a backend has such kernels in the forms that take more in.

    conv(x)  ->  fused_conv(x)
    """

    def change(node: Apply | Call, inputs: tuple[Value, ...]) -> Apply | Call:
        if isinstance(node, Call) or type(node.op) not in FUSED or not takes(node):
            return moved(node, inputs)
        return replace(node, op=FUSED[type(node.op)](**node.op.values()), inputs=inputs)

    return in_every_body(graph, lambda body: rebuilt(body, change))
