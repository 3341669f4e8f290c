"""Sums that end in a convolution, such as those of a residual block."""

from __future__ import annotations

from archdsl.graph.nodes import Apply, Graph
from archdsl.ops.combine import Add
from archdsl.ops.fused import FusedConv
from archdsl.passes.bodies import in_every_body, merged, pairs
from archdsl.record import replace


def fuse_sums(graph: Graph) -> Graph:
    """Let a convolution add the other arm of a sum to its own output.

    add(conv(x), y)  ->  conv(x, y)
    """
    return in_every_body(graph, lambda body: merged(body, pairs(body, _fits), _added))


def _fits(conv: Apply, add: Apply) -> bool:
    is_plain = isinstance(conv.op, FusedConv) and conv.op.activation is None and not conv.op.adds
    is_sum = isinstance(add.op, Add) and not add.op.broadcast and len(add.inputs) == 2
    return is_plain and is_sum and conv.shapes == add.shapes


def _added(conv: Apply, add: Apply) -> Apply:
    (other,) = (value for value in add.inputs if getattr(value.node, "key", None) != conv.key or value.index)
    return replace(conv, op=replace(conv.op, adds=True), inputs=(*conv.inputs, other), label=add.label)
