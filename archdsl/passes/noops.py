"""Layers that do nothing in evaluation: those that act in training alone, and those that never do anything."""

from __future__ import annotations

from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.passes.bodies import in_every_body, moved, rebuilt


def remove_noops(graph: Graph) -> Graph:
    """Remove what leaves its input as it is in evaluation: dropout, augmentation, identities, blocks of nothing else.

    linear(dropout(x))  ->  linear(x)
    """
    return in_every_body(graph, lambda body: rebuilt(body, _without))


def _without(node: Apply | Call, inputs: tuple[Value, ...]) -> Apply | Call | Value:
    if isinstance(node, Call):
        is_noop = not node.graph.nodes and node.graph.outputs == tuple(map(Value, node.graph.inputs))
        return inputs[0] if is_noop and len(inputs) == 1 else moved(node, inputs)
    return inputs[0] if node.op.is_noop_in_evaluation else moved(node, inputs)
