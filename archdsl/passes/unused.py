"""Values that nothing reads."""

from __future__ import annotations

from archdsl.graph.nodes import Apply, Call, Graph
from archdsl.passes.bodies import in_every_body
from archdsl.record import replace


def remove_unused(graph: Graph) -> Graph:
    """Remove what leaves a value that nothing reads, in every body."""
    return in_every_body(graph, _needed)


def _needed(graph: Graph) -> Graph:
    wanted = {value.node for value in graph.outputs}
    kept: list[Apply | Call] = []
    for node in reversed(graph.nodes):
        if node in wanted:
            wanted.update(value.node for value in node.inputs)
            kept.append(node)
    return graph if len(kept) == len(graph.nodes) else replace(graph, steps=tuple(reversed(kept)))
