"""Is a graph sound? Its own rules, held again after every pass.

The shape of every value is inferred a second time and compared, every value is made before it is used, and keys are
unique in their module. A failure is a mistake of the compiler's, never of the user's: it is an assertion.
"""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.graph.needs import needs_of
from archdsl.graph.nodes import Apply, Call, Graph, Node, Repeat
from archdsl.sizes.multiples import shortened
from archdsl.sizes.prove import NOTHING_KNOWN, Known


def verify_graph(graph: Graph) -> None:
    """Assert that a graph and all that it calls are sound."""
    known = Known(graph.facts, needs_of(graph).facts) if graph.kind == "network" else NOTHING_KNOWN.also(*graph.facts)
    _verify_body(graph, known, {graph})


def _verify_body(graph: Graph, known: Known, seen: set[Graph]) -> None:
    made: set[Node] = set(graph.inputs)
    keys: dict[str, Node] = {}
    for node in graph.steps:
        for value in node.inputs:
            assert value.node in made, f"{node!r} of {graph.name} uses a value before it is made"
        if isinstance(node, Repeat):
            _verify_repeat(node, known, seen)
            for key in _keys(node):
                assert keys.setdefault(key, node) is node, f"two layers of {graph.name} have the key {key}"
            made.add(node)
            continue
        if isinstance(node, Apply):
            inferred = node.op.outputs(*(value.shape for value in node.inputs), known=known)
            left, recorded = (shortened(shapes, known.stated) for shapes in (inferred, node.shapes))
            assert left == recorded, f"{node.op.name} leaves {left}, recorded as {node.shapes}"
        else:
            _verify_called(node, known, seen)
        if node.key is not None:
            owner = keys.setdefault(node.key, node)
            assert owner is node or node.shares is owner, f"two layers of {graph.name} have the key {node.key}"
        made.add(node)
    for value in graph.outputs:
        assert value.node in made, f"an output of {graph.name} is never made"
    assert len(graph.outputs) == len(graph.output_names)


def _verify_called(node: Call | Repeat, known: Known, seen: set[Graph]) -> None:
    if node.graph not in seen:
        seen.add(node.graph)
        _verify_body(node.graph, known, seen)
    given = tuple(value.shape for value in node.inputs)
    wanted = tuple(entry.shape for entry in node.graph.inputs)
    assert given == wanted, f"{node.graph.name or 'a group'} gets {given}, and is made for {wanted}"


def _verify_repeat(node: Repeat, known: Known, seen: set[Graph]) -> None:
    """A pass leaves what the next one takes, its keys are numbers, and no two passes have one key."""
    _verify_called(node, known, seen)
    body = node.graph
    assert body.kind == "pass", f"{node!r} runs a {body.kind}"
    assert node.count >= 1, f"{node!r} never runs"
    assert [value.shape for value in body.outputs] == [body.inputs[0].shape], f"{node!r} leaves another shape"
    assert all(step.shares is None for step in body.steps if isinstance(step, Apply | Call)), f"{node!r} shares a layer"
    numbers = [int(key) for key in _keys_of_pass(body)]
    assert len(numbers) == len(set(numbers)), f"two layers of {node!r} have one key"
    if numbers and node.count > 1:
        assert max(numbers) - min(numbers) < node.stride, f"two passes of {node!r} have one key"


def _keys(node: Repeat) -> Iterator[str]:
    """The keys of a repetition's layers, of all passes."""
    for key in _keys_of_pass(node.graph):
        yield from (str(int(key) + index * node.stride) for index in range(node.count))


def _keys_of_pass(body: Graph) -> Iterator[str]:
    for step in body.steps:
        if isinstance(step, Repeat):
            yield from _keys(step)
        elif step.key is not None:
            yield step.key
