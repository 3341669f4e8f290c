"""How much of the input each layer sees, axis by axis.

Takes a graph, returns for every node and each axis of an input how many positions a place of its value depends on, in
evaluation, through any path and any channel. What mixes a whole axis (global pooling, a linear layer after flatten,
attention) sees all of it. Ends of the image play no part: the window of a deep layer may be larger than the input, as
published tables have it. What cannot be followed is unknown, never guessed.

Each op says by `sees` how it looks at its input. To sequences, images and volumes the axes after the channels count, to
tokens (whole numbers) those after the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archdsl.graph.nodes import Apply, Call, Graph, Input, Node, Repeat, Value
from archdsl.ops.reach import ITSELF, further
from archdsl.ops.sight import Along, Field, Scattered, Seen, Sight, field_of
from archdsl.record import Entity
from archdsl.sizes.dim import Dim
from archdsl.sizes.shape import Shape


class Fields(Entity):
    """For every node of a body, what its first value sees of each axis of an input; `inside` is for calls, and for the
    last passes of repetitions."""

    nodes: Mapping[Node, tuple[Field, ...]]
    inside: Mapping[Call | Repeat, Fields]


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
    inside: dict[Call | Repeat, Fields] = {}
    fields: dict[Node, tuple[Field, ...]] = {}
    for node in graph.steps:
        given = [seen[value] for value in node.inputs]
        if isinstance(node, Call):
            inside[node], results = _called(node.graph, given, axes, sizes)
        elif isinstance(node, Repeat):
            inside[node], results = _repeated(node, given, axes, sizes)
        else:
            results = _applied(node, given, axes, sizes)
        for index, sights in enumerate(results):
            seen[Value(node, index)] = sights
        fields[node] = tuple(map(field_of, results[0]))
    return Fields(fields, inside), tuple(seen[value] for value in graph.outputs)


def _called(
    graph: Graph, given: Sequence[tuple[Seen, ...]], axes: int, sizes: Mapping[str, Dim]
) -> tuple[Fields, tuple[tuple[Seen, ...], ...]]:
    entries = (Value(entry) for entry in graph.inputs)
    return _body(graph, dict(zip(entries, given, strict=True)), axes, sizes)


def _repeated(
    node: Repeat, given: Sequence[tuple[Seen, ...]], axes: int, sizes: Mapping[str, Dim]
) -> tuple[Fields, tuple[tuple[Seen, ...], ...]]:
    """The fields of the last pass, and what it leaves.

    Passes are followed one by one until one adds what the one before it has added. From there on every pass does: what
    a body makes of intervals that are longer by so much is longer by so much. Values from outside may be what holds an
    end back, so they must make no difference.
    """
    carried, *others = given
    nothing = [(Sight.NOTHING,) * axes for _ in others]
    for index in range(node.count):
        fields, results = _called(node.graph, [carried, *others], axes, sizes)
        left = node.count - index - 2
        if left > 0:
            grown = [_grown(before, after, left) for before, after in zip(carried, results[0], strict=True)]
            far = tuple(seen for seen in grown if seen is not None)
            if len(far) == axes and (
                far == carried
                or others == nothing
                or (
                    all(map(_reaches_out, carried, far))
                    and _called(node.graph, [carried, *nothing], axes, sizes)[1] == results
                )
            ):
                return _called(node.graph, [far, *others], axes, sizes)
        carried = results[0]
    return fields, results


def _grown(before: Seen, after: Seen, times: int) -> Seen | None:
    """What is seen where so many passes more add what one pass has added; None where it added no fixed amount."""
    if before == after:
        return after
    if isinstance(before, Scattered) and isinstance(after, Scattered):
        alike = (before.axes, before.extent) == (after.axes, after.extent)
        return Scattered(after.axes, after.extent, (after.form, times)) if alike else None
    if isinstance(before, Along) and isinstance(after, Along) and before.axis == after.axis:
        reach = further(before.reach, after.reach, times)
        return Along(after.axis, reach) if reach else None
    return None


def _reaches_out(before: Seen, after: Seen) -> bool:
    """Whether what is seen after holds all that is seen before; only for intervals that move."""
    if before == after:
        return True
    if not (isinstance(before, Along) and isinstance(after, Along)):
        return False
    pairs = zip(before.reach.intervals, after.reach.intervals, strict=True)
    return all(a is None or (b is not None and b[0] <= a[0] and a[1] <= b[1]) for a, b in pairs)


def _applied(
    node: Apply, given: list[tuple[Seen, ...]], axes: int, sizes: Mapping[str, Dim]
) -> tuple[tuple[Seen, ...], ...]:
    """What each value of a node sees along each axis of the input."""
    xs = tuple(value.shape.at(sizes) for value in node.inputs)
    ys = tuple(shape.at(sizes) for shape in node.shapes)
    by_axis = [node.op.sees(xs, ys, tuple(sights[axis] for sights in given)) for axis in range(axes)]
    return tuple(tuple(sights[index] for sights in by_axis) for index in range(len(node.shapes)))
