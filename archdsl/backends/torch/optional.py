"""Layers that some instances of a block have and others do without, so that one class can be all of them.

The projection in the shortcut of a residual block is the usual one: where it is missing, its input passes as it is. The
class has an `nn.Identity` then, which owns no tensors, and what the spec says under a condition.
"""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.backends.torch.names import is_attribute
from archdsl.backends.torch.rules import lower
from archdsl.backends.torch.signature import Numbers, is_stateless, signature
from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.passes.bodies import Changed, alone, moved, rebuilt
from archdsl.record import replace


def optional_layers(full: Graph, less: Graph, numbers: Numbers) -> set[str]:
    """The keys of the layers that a body has and another, otherwise alike, does without; none where it is not so.

    optional_layers(with_projection, without, {})      # {"downsample"}
    """
    known = {node.key for node in less.nodes}
    once = alone(full)
    more = [node for node in full.nodes if node.key not in known and node in once and _can_be_passed(node)]
    if len(full.nodes) != len(less.nodes) + len(more):
        return set()
    is_alike = signature(_without(full, more), numbers) == signature(_without(less, []), numbers)
    return {node.key or "" for node in more} if is_alike else set()


def aligned(first: Graph, graph: Graph, optional: set[str]) -> tuple[Apply | Call | None, ...]:
    """The nodes of an instance beside those of the first one, which has all layers: None for each that it lacks."""
    nodes = iter(graph.nodes)
    known = {node.key for node in graph.nodes}
    return tuple(None if node.key in optional - known else next(nodes) for node in first.nodes)


def _can_be_passed(node: Apply | Call) -> bool:
    """Whether a named layer takes one value and leaves one, so that an identity can stand in its place."""
    is_called = isinstance(node, Call) or lower(node).is_called
    return is_called and is_attribute(node.key or "") and len(node.inputs) == 1 and len(node.shapes) == 1


def _without(graph: Graph, layers: Sequence[Apply | Call]) -> Graph:
    """The body in which the inputs of layers pass as they are; unnamed layers that own nothing are not told apart."""

    def change(node: Apply | Call, inputs: tuple[Value, ...]) -> Changed:
        if node in layers:
            return inputs[0]
        counted = (node.key or "").isdigit() and is_stateless(node)
        return replace(node, inputs=inputs, key="0") if counted else moved(node, inputs)

    return rebuilt(graph, change)
