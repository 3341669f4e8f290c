"""Is a graph sound? Its own rules, held again after every pass.

The shape of every value is inferred a second time and compared, every value is made before it is used, and keys are
unique in their module. A failure is a mistake of the compiler's, never of the user's: it is an assertion.
"""

from __future__ import annotations

from archdsl.graph.needs import needs_of
from archdsl.graph.nodes import Apply, Call, Graph, Node
from archdsl.sizes.multiples import results
from archdsl.sizes.prove import assuming


def verify_graph(graph: Graph, seen: set[Graph] | None = None) -> None:
    """Assert that a graph and all that it calls are sound."""
    seen = set() if seen is None else seen
    if graph in seen:
        return
    seen.add(graph)
    with assuming(graph.facts, needs_of(graph).facts if graph.kind == "network" else None):
        _verify_body(graph, seen)


def _verify_body(graph: Graph, seen: set[Graph]) -> None:
    made: set[Node] = set(graph.inputs)
    keys: dict[str, Node] = {}
    for node in graph.nodes:
        for value in node.inputs:
            assert value.node in made, f"{node.key} of {graph.name} uses a value before it is made"
        if isinstance(node, Apply):
            shapes = results(node.op.infer(*(value.shape for value in node.inputs)))
            assert shapes == results(node.shapes), f"{node.op.name} leaves {shapes}, recorded as {node.shapes}"
        else:
            _verify_call(node, seen)
        if node.key is not None:
            owner = keys.setdefault(node.key, node)
            assert owner is node or node.shares is owner, f"two layers of {graph.name} have the key {node.key}"
        made.add(node)
    for value in graph.outputs:
        assert value.node in made, f"an output of {graph.name} is never made"
    assert len(graph.outputs) == len(graph.output_names)


def _verify_call(node: Call, seen: set[Graph]) -> None:
    verify_graph(node.graph, seen)
    given = tuple(value.shape for value in node.inputs)
    wanted = tuple(entry.shape for entry in node.graph.inputs)
    assert given == wanted, f"{node.graph.name or 'a group'} gets {given}, and is made for {wanted}"
