"""Layers that only act in training, and those that never do anything."""

from __future__ import annotations

from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.ops.augment import ColorJitter, RandomCrop, RandomFlip, RandomResizedCrop
from archdsl.ops.regularize import Dropout, StochasticDepth
from archdsl.ops.reshape import Identity
from archdsl.passes.bodies import in_every_body, moved, rebuilt

INERT = (Identity, Dropout, StochasticDepth, RandomFlip, RandomCrop, RandomResizedCrop, ColorJitter)
"""Ops that pass their input through in evaluation."""


def remove_inert(graph: Graph) -> Graph:
    """Remove what passes its input through in evaluation: dropout, augmentation, identities, blocks of nothing else.

    linear(dropout(x))  ->  linear(x)
    """
    return in_every_body(graph, lambda body: rebuilt(body, _without))


def _without(node: Apply | Call, inputs: tuple[Value, ...]) -> Apply | Call | Value:
    if isinstance(node, Call):
        is_inert = not node.graph.nodes and node.graph.outputs == tuple(map(Value, node.graph.inputs))
        return inputs[0] if is_inert and len(inputs) == 1 else moved(node, inputs)
    return inputs[0] if isinstance(node.op, INERT) else moved(node, inputs)
