"""How passes rewrite: body by body, those that are called first, each once however often it is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from archdsl.graph.nodes import Apply, Call, Graph, Node, Value
from archdsl.record import replace

Changed: TypeAlias = "Apply | Call | Value | tuple[Apply, ...] | None"
Change: TypeAlias = Callable[["Apply | Call", tuple[Value, ...]], Changed]
Moved = TypeVar("Moved", bound="Apply | Call")
Merge: TypeAlias = Callable[[Apply, Apply], "Apply | tuple[Apply, ...]"]


def in_every_body(graph: Graph, rewrite: Callable[[Graph], Graph]) -> Graph:
    """The graph with a rewrite done to every body: a body is rewritten after all that it calls."""
    done: dict[Graph, Graph] = {}

    def visit(body: Graph) -> Graph:
        if body not in done:
            calls = any(isinstance(node, Call) for node in body.nodes)
            done[body] = rewrite(rebuilt(body, called) if calls else body)
        return done[body]

    def called(node: Apply | Call, inputs: tuple[Value, ...]) -> Apply | Call | Value:
        return replace(node, inputs=inputs, graph=visit(node.graph)) if isinstance(node, Call) else moved(node, inputs)

    return visit(graph)


def rebuilt(graph: Graph, change: Change) -> Graph:
    """The body with each node changed: into other nodes, into a value that takes its place, or into nothing.

    `change` gets a node and its inputs in the new body. Of several nodes the last takes its place. What becomes nothing
    must have lost its last use.
    """
    instead: dict[Node, Value | Apply | Call] = {}
    nodes: list[Apply | Call] = []

    def of(value: Value) -> Value:
        """What a value of the old body is in the new one."""
        made = instead.get(value.node)
        if made is None or made is value.node:
            return value
        return made if isinstance(made, Value) else Value(made, value.index)

    for node in graph.nodes:
        made = change(node, tuple([of(value) for value in node.inputs]))
        if made is None:
            continue
        if isinstance(made, Value):
            instead[node] = made
            continue
        if isinstance(made, tuple):
            nodes += made
            instead[node] = made[-1]
            continue
        owner = instead[node.shares] if node.shares is not None else None
        assert not isinstance(owner, Value), "what shares weights stays a layer"
        made = made if made.shares is owner else replace(made, shares=owner)
        instead[node] = made
        nodes.append(made)
    if nodes == list(graph.nodes):
        return graph
    return replace(graph, steps=tuple(nodes), outputs=tuple([of(value) for value in graph.outputs]))


def moved(node: Moved, inputs: tuple[Value, ...]) -> Moved:
    """The node on other inputs; itself if they are the same."""
    return node if inputs == node.inputs else replace(node, inputs=inputs)


def uses(graph: Graph) -> Counter[Value]:
    """How often each value is read, by nodes and as an output."""
    counts = Counter(value for node in graph.nodes for value in node.inputs)
    counts.update(graph.outputs)
    return counts


def alone(graph: Graph) -> set[Node]:
    """The nodes that are applied once: what shares weights must not be changed for one application."""
    shared = {node.shares for node in graph.nodes if node.shares is not None}
    return {node for node in graph.nodes if node.shares is None and node not in shared}


def in_order(node: Apply) -> Sequence[Value]:
    """The inputs of a node as they stand."""
    return node.inputs


def pairs(
    graph: Graph, fits: Callable[[Apply, Apply], bool], order: Callable[[Apply], Sequence[Value]] = in_order
) -> dict[Node, Apply]:
    """Nodes that can be merged into the one before, whose value nothing else reads: the earlier by the later.

    Each node is in one pair at most. `fits` tells of an earlier and a later node whether they can be, and `order` in
    which order the inputs of the later are tried.
    """
    counts, free = uses(graph), alone(graph)
    found: dict[Node, Apply] = {}
    taken: set[Node] = set()
    for node in graph.nodes:
        if not isinstance(node, Apply) or node not in free:
            continue
        for value in order(node):
            before = value.node
            if not isinstance(before, Apply) or before not in free or before in taken or counts[value] != 1:
                continue
            if fits(before, node):
                found[node] = before
                taken |= {node, before}
                break
    return found


def merged(graph: Graph, found: dict[Node, Apply], merge: Merge) -> Graph:
    """The body with pairs merged: `merge` gets both nodes on their new inputs, without the value between them."""
    if not found:
        return graph
    inputs_of: dict[Node, tuple[Value, ...]] = {}
    earlier = set(found.values())

    def change(node: Apply | Call, inputs: tuple[Value, ...]) -> Changed:
        if node in earlier:
            inputs_of[node] = inputs
            return None
        if node in found:
            assert isinstance(node, Apply)
            before = found[node]
            others = tuple(value for value in inputs if value.node is not before)
            return merge(moved(before, inputs_of[before]), replace(node, inputs=others))
        return moved(node, inputs)

    return rebuilt(graph, change)
