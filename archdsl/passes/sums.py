"""Sums that end in a convolution, such as those of a residual block."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archdsl.graph.nodes import Apply, Graph, Value
from archdsl.ops.combine import Add
from archdsl.ops.fused import FusedConv
from archdsl.passes.bodies import in_every_body, in_order, merged, pairs
from archdsl.record import replace


def fuse_sums(graph: Graph, order: Callable[[Apply], Sequence[Value]] = in_order) -> Graph:
    """Let a convolution add the other arm of a sum to its own output.

        add(conv(x), y)  ->  conv(x, y)

    Where both arms are convolutions, `order` tells which is tried first; an arm that it leaves out is not tried.
    """
    return in_every_body(graph, lambda body: merged(body, pairs(body, _fits, order), _added))


def _fits(conv: Apply, add: Apply) -> bool:
    is_plain = isinstance(conv.op, FusedConv) and conv.op.activation is None and not conv.op.adds
    is_sum = isinstance(add.op, Add) and len(add.inputs) == 2
    return is_plain and is_sum and all(value.shape == add.shapes[0] for value in add.inputs)


def _added(conv: Apply, add: Apply) -> Apply:
    return replace(conv, op=replace(conv.op, adds=True), inputs=(*conv.inputs, *add.inputs), label=add.label)
