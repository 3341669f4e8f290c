"""Other values of a network as its outputs, by the names of the spec; what no output needs any more is gone.

Takes a graph and names, returns a graph that computes these values alone. A name is that of a layer, a block, a group
or a value, with those of the modules around it (`layer2.0.conv1`), or that of an output. A value inside of a block
becomes a further output of that block. Weights keep their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from archdsl.diagnostics import suggestion
from archdsl.graph.nodes import Apply, Call, Graph, Node, Value
from archdsl.graph.verify import verify_graph
from archdsl.record import replace

Want: TypeAlias = "int | tuple[str, ...]"
"""What a body should leave: its own output of that number, or the value of that path in it."""


class _Body(NamedTuple):
    """A body after the rewrite, and which of its inputs it still has."""

    graph: Graph
    inputs: tuple[int, ...]


Bodies: TypeAlias = dict[tuple[Graph, tuple[Want, ...]], _Body]


def with_outputs(graph: Graph, names: Sequence[str]) -> Graph:
    """The graph, its repetitions opened, with the values of these names as its outputs, in this order.

        with_outputs(resnet18, ["layer2", "layer4"])      # layer3 is there, fc is gone

    `ValueError` for a name that the network does not have, or that stands for several values.
    """
    wanted = (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))
    wants = tuple(_want(graph, name) for name in wanted)
    if not wants:
        raise ValueError("an output is needed: name at least one")
    found = replace(_rewritten(graph, wants, {}).graph, inputs=graph.inputs, output_names=wanted, origin=None)
    verify_graph(found)
    return found


def _want(graph: Graph, name: str) -> Want:
    """Where a name leads, held against what there is."""
    path = tuple(name.split("."))
    if name in graph.output_names:
        return graph.output_names.index(name)
    body = graph
    for place, part in enumerate(path):
        nodes = _named(body, part)
        if len(nodes) > 1:
            raise ValueError(f"{part} is applied {len(nodes)} times: name the value that is meant, value = {part}")
        if not nodes:
            hint = suggestion(name, [*graph.output_names, *_names(graph)])
            here = ".".join(path[:place]) or "it"
            there = f"{here} has {', '.join(dict.fromkeys(_names_here(body)))}"
            raise ValueError(f"{graph.name} has no {name}; {hint or there}")
        if isinstance(nodes[0], Call):
            body = nodes[0].graph
        elif place < len(path) - 1:
            raise ValueError(f"{graph.name} has no {name}; {'.'.join(path[: place + 1])} is a layer without others")
    return path


def _named(graph: Graph, name: str) -> list[Apply | Call]:
    """The nodes of a body that bear a name: as their value's, or else as their layer's."""
    by_label = [node for node in graph.nodes if node.label == name]
    return by_label or [node for node in graph.nodes if node.key == name]


def _names_here(graph: Graph) -> Iterator[str]:
    yield from (name for node in graph.nodes if (name := node.label or node.key))


def _names(graph: Graph, prefix: str = "") -> Iterator[str]:
    for node in graph.nodes:
        name = node.label or node.key
        if name:
            yield f"{prefix}{name}"
            if isinstance(node, Call):
                yield from _names(node.graph, f"{prefix}{name}.")


def _rewritten(graph: Graph, wants: tuple[Want, ...], bodies: Bodies) -> _Body:
    """A body that leaves what is wanted of it; the same body where nothing changes."""
    known = bodies.get((graph, wants))
    if known is None:
        known = bodies[graph, wants] = _made(graph, wants, _asked(graph, wants, bodies), bodies)
    return known


Asked: TypeAlias = dict[Node, tuple[Want, ...]]


def _asked(graph: Graph, wants: tuple[Want, ...], bodies: Bodies) -> Asked:
    """The nodes that are needed, with what is needed of each; all applications of a shared layer leave the same."""
    needed: set[Node] = set()
    of: dict[Node, dict[Want, None]] = {}

    def ask(node: Node, want: Want) -> bool:
        new = node not in needed or want not in of[_owner(node)]
        needed.add(node)
        of.setdefault(_owner(node), {})[want] = None
        return new

    for want in wants:
        ask(*_target(graph, want))
    growing = True
    while growing:
        growing = False
        for node in reversed(graph.nodes):
            if node in needed:
                found = [ask(value.node, value.index) for value in _operands(node, _ordered(of[_owner(node)]), bodies)]
                growing = growing or any(found)
    return {node: _ordered(of[_owner(node)]) for node in (*graph.inputs, *graph.nodes) if node in needed}


def _ordered(wants: dict[Want, None]) -> tuple[Want, ...]:
    """Own outputs first, by their number; then values inside, as they were asked for."""
    own = sorted(want for want in wants if isinstance(want, int))
    return (*own, *(want for want in wants if not isinstance(want, int)))


def _target(graph: Graph, want: Want) -> tuple[Node, Want]:
    """The node of a body that leaves what is wanted, and what that is of the node."""
    if isinstance(want, int):
        return graph.outputs[want].node, graph.outputs[want].index
    node = _named(graph, want[0])[0]
    return node, want[1:] or 0


def _owner(node: Node) -> Node:
    while isinstance(node, Apply | Call) and node.shares is not None:
        node = node.shares
    return node


def _operands(node: Apply | Call, wants: tuple[Want, ...], bodies: Bodies) -> list[Value]:
    if isinstance(node, Apply):
        return list(node.inputs)
    return [node.inputs[index] for index in _rewritten(node.graph, wants, bodies).inputs]


def _made(graph: Graph, wants: tuple[Want, ...], asked: Asked, bodies: Bodies) -> _Body:
    """The body with the nodes that are needed, each taking its operands from the new ones."""
    new: dict[Node, Node] = {entry: entry for entry in graph.inputs}
    owners: dict[Node, Node] = {}

    def value(node: Node, want: Want) -> Value:
        return Value(new[node], asked[node].index(want) if isinstance(node, Call) else _number(want))

    for node in graph.nodes:
        if node not in asked:
            continue
        operands = tuple(value(given.node, given.index) for given in _operands(node, asked[node], bodies))
        body = {"graph": _rewritten(node.graph, asked[node], bodies).graph} if isinstance(node, Call) else {}
        changes = {"inputs": operands, "shares": owners.get(_owner(node)), **body}
        same = all(getattr(node, name) == change for name, change in changes.items())
        new[node] = node if same else replace(node, **changes)
        owners.setdefault(_owner(node), new[node])
    nodes = tuple(new[node] for node in graph.nodes if node in asked)
    outputs = tuple(value(*_target(graph, want)) for want in wants)
    kept = tuple(index for index, entry in enumerate(graph.inputs) if entry in asked)
    if nodes == graph.nodes and outputs == graph.outputs and len(kept) == len(graph.inputs):
        return _Body(graph, kept)
    names = tuple(graph.output_names[want] if isinstance(want, int) else "_".join(want) for want in wants)
    inputs = tuple(graph.inputs[index] for index in kept)
    return _Body(replace(graph, inputs=inputs, steps=nodes, outputs=outputs, output_names=names), kept)


def _number(want: Want) -> int:
    assert isinstance(want, int), f"{want} is no value of a layer"
    return want
