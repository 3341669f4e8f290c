"""Sums that are written over a batch norm, such as those of a residual block."""

from __future__ import annotations

from archdsl.backends.torch.passes.ops import AddTo
from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.ops.combine import Add
from archdsl.ops.norm import BatchNorm
from archdsl.passes.bodies import in_every_body, moved, rebuilt, uses
from archdsl.record import replace


def add_to_norms(graph: Graph) -> Graph:
    """Write a sum of two values over the one that a batch norm of the same body leaves, where nothing else reads that.

    add(batch_norm(x), y)  ->  add_to(batch_norm(x), y)

    The gradient of a norm needs nothing that it leaves. Sums behind other layers are left alone: those of transformers
    carry float32 under autocast, which the layer's bfloat16 would round. A sum that bears a name and is read several
    times stays a value of its own.
    """
    return in_every_body(graph, _rewritten)


def _rewritten(graph: Graph) -> Graph:
    counts = uses(graph)

    def change(node: Apply | Call, inputs: tuple[Value, ...]) -> Apply | Call:
        made = moved(node, inputs)
        if isinstance(made, Call) or type(made.op) is not Add or len(inputs) != 2 or _has_name(node):
            return made
        for index, value in enumerate(inputs):
            other = inputs[1 - index]
            if counts[node.inputs[index]] == 1 and _is_norm(value) and value.shape == other.shape:
                return replace(made, op=AddTo(made.op.broadcast), inputs=(value, other))
        return made

    def _has_name(node: Apply | Call) -> bool:
        return node.label is not None and counts[Value(node)] > 1

    return rebuilt(graph, change)


def _is_norm(value: Value) -> bool:
    return isinstance(value.node, Apply) and isinstance(value.node.op, BatchNorm)
