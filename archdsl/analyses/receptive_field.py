"""How much of the input each layer sees, axis by axis.

Takes a graph, returns for every node and each axis of an input how many positions a place of its value depends on, in
evaluation, through any path and any channel. What mixes a whole axis (global pooling, a linear layer after flatten,
attention) sees all of it. Ends of the image play no part: the window of a deep layer may be larger than the input, as
published tables have it. What cannot be followed is unknown, never guessed.

Each op says by `sees` how it looks at its input. To sequences, images and volumes the axes after the channels count, to
tokens (whole numbers) those after the batch.
"""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.graph.nodes import Apply, Call, Graph, Input, Node, Value
from archdsl.ops.reach import ITSELF
from archdsl.ops.sight import Along, Field, Seen, Sight, field_of
from archdsl.record import Entity
from archdsl.sizes.dim import Dim
from archdsl.sizes.shape import Shape


class Fields(Entity):
    """For every node of a body, what its first value sees of each axis of an input; `inside` is for calls."""

    nodes: Mapping[Node, tuple[Field, ...]]
    inside: Mapping[Call, Fields]


def receptive_fields(graph: Graph, entry: Input, sizes: Mapping[str, Dim] | None = None) -> Fields:
    """What the nodes of a network see of one of its inputs; `sizes` stand in place of symbols.

    fields = receptive_fields(lenet, lenet.inputs[0])
    fields.nodes[lenet.nodes[0]]      # (5, 5)
    """
    axes = axes_of(entry.shape)
    given: dict[Value, tuple[Seen, ...]] = {
        Value(other): tuple(Along(axis, ITSELF) if other is entry else Sight.NOTHING for axis in axes)
        for other in graph.inputs
    }
    return _body(graph, given, len(axes), sizes or {})[0]


def axes_of(shape: Shape) -> range:
    """The axes of an input that count: those after the channels, or after the batch where there are none."""
    return range(1 if shape.kind == "int" and shape.rank == 2 else 2, shape.rank)


def _body(
    graph: Graph, seen: dict[Value, tuple[Seen, ...]], axes: int, sizes: Mapping[str, Dim]
) -> tuple[Fields, tuple[tuple[Seen, ...], ...]]:
    """The fields of a body's nodes, and what its outputs see; `seen` is what its inputs see."""
    inside: dict[Call, Fields] = {}
    fields: dict[Node, tuple[Field, ...]] = {}
    for node in graph.nodes:
        given = [seen[value] for value in node.inputs]
        if isinstance(node, Call):
            entries = (Value(entry) for entry in node.graph.inputs)
            inside[node], results = _body(node.graph, dict(zip(entries, given, strict=True)), axes, sizes)
        else:
            results = _applied(node, given, axes, sizes)
        for index, sights in enumerate(results):
            seen[Value(node, index)] = sights
        fields[node] = tuple(map(field_of, results[0]))
    return Fields(fields, inside), tuple(seen[value] for value in graph.outputs)


def _applied(
    node: Apply, given: list[tuple[Seen, ...]], axes: int, sizes: Mapping[str, Dim]
) -> tuple[tuple[Seen, ...], ...]:
    """What each value of a node sees along each axis of the input."""
    xs = tuple(value.shape.at(sizes) for value in node.inputs)
    ys = tuple(shape.at(sizes) for shape in node.shapes)
    by_axis = [node.op.sees(xs, ys, tuple(sights[axis] for sights in given)) for axis in range(axes)]
    return tuple(tuple(sights[index] for sights in by_axis) for index in range(len(node.shapes)))
