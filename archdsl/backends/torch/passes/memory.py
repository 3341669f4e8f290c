"""Which values are memory of their own, so that a later op may write over them."""

from __future__ import annotations

from archdsl.graph.nodes import Apply, Call, Node, Value
from archdsl.passes.bodies import uses


def is_fresh(value: Value) -> bool:
    """Whether a value is memory that was made for it alone, and no gradient of the layer that made it needs it.

    A block's result is, if it is so inside the block.
    """
    node = value.node
    if isinstance(node, Call):
        inner = node.graph.outputs[value.index]
        return uses(node.graph)[inner] == 1 and is_fresh(inner)
    return not keeps_a_part(node) and isinstance(node, Apply) and "result" not in node.op.gradient_needs


def keeps_a_part(node: Node) -> bool:
    """Whether what a node leaves may lie in the memory of what it takes."""
    return not isinstance(node, Apply) or not node.op.leaves_fresh_value(*(given.shape for given in node.inputs))
