"""Concats that join a little to what has been joined before, again and again, as in DenseNet."""

from __future__ import annotations

from archdsl.backends.torch.passes.ops import Append, Room
from archdsl.graph.nodes import Apply, Call, Graph, Node, Value
from archdsl.ops.combine import Concat
from archdsl.passes.bodies import Changed, in_every_body, moved, rebuilt
from archdsl.record import replace

FEWEST = 2
"""How many concats in a row are worth a copy of the first value."""


def preallocate_concats(graph: Graph) -> Graph:
    """Write each addition behind what is there already, instead of copying all of it each time.

    b = concat(a, f(a))          r = room(a)
    c = concat(b, g(b))    ->    b = append(r, f(a))
                                 c = append(b, g(b))
    """
    return in_every_body(graph, _in_body)


def _in_body(graph: Graph) -> Graph:
    chains = [chain for chain in _chains(graph) if len(chain) >= FEWEST]
    first: dict[Node, int] = {chain[0]: _channels(chain[-1]) for chain in chains}
    grown = {node for chain in chains for node in chain}

    def change(node: Apply | Call, inputs: tuple[Value, ...]) -> Changed:
        if node not in grown:
            return moved(node, inputs)
        assert isinstance(node, Apply)
        if node not in first:
            return replace(node, op=Append(), inputs=inputs)
        room = Apply(Room(first[node]), (inputs[0],), (inputs[0].shape,))
        return room, replace(node, op=Append(), inputs=(Value(room), inputs[1]))

    return rebuilt(graph, change)


def _chains(graph: Graph) -> list[list[Apply]]:
    """Concats of two images along the channels, each the first operand of the next; each value grows once."""
    chains: list[list[Apply]] = []
    last: dict[Value, list[Apply]] = {}
    for node in graph.nodes:
        if not isinstance(node, Apply) or not _joins(node):
            continue
        before = last.pop(node.inputs[0], None)
        if before is None:
            before = []
            chains.append(before)
        before.append(node)
        last[Value(node)] = before
    return chains


def _joins(node: Apply) -> bool:
    is_concat = isinstance(node.op, Concat) and node.op.axis == 1 and len(node.inputs) == 2
    return is_concat and all(value.shape.rank == 4 and isinstance(value.shape.channels, int) for value in node.inputs)


def _channels(node: Apply) -> int:
    channels = node.shapes[0].channels
    assert isinstance(channels, int)
    return channels
