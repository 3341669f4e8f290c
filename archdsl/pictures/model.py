"""What a picture shows: boxes, boxes in boxes, and the wires between them.

Takes a graph, returns a `Picture` in which every block is there to be opened; which are open is for others to say.
Calls in a row that do the same are one box with a count: where they are one and the same instance of a block its body
is drawn once, else its body holds all of them.
So is a repetition that is too long to be opened. Nothing here knows sizes on a screen, or colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from archdsl.analyses.tally import MANY, Row, Sizes, tally
from archdsl.graph.nodes import Apply, Call, Graph, Node, Repeat, Step, Value
from archdsl.graph.opened import opened
from archdsl.graph.text import call
from archdsl.ops import Op
from archdsl.pictures.captions import caption, shortened
from archdsl.record import Entity
from archdsl.reports.folding import stretches
from archdsl.source import Span

Form: TypeAlias = 'Literal["layer", "sign", "block", "input", "output"]'


class End(NamedTuple):
    """One end of a wire: a box of the body by its index and which of its values; OUTSIDE is the body's own border."""

    box: int
    slot: int = 0


OUTSIDE = -1


class Wire(NamedTuple):
    """A value on its way from one box to another."""

    source: End
    target: End
    shape: str


class Box(Entity):
    """A layer, a join, a block, or an end of the network.

    `id` is its place in the picture (`4.0.1`), `path` the name of its weights. `rows` are what it stands for: one row,
    or one for each of the calls that are drawn once. `news` tells which of the shapes that it leaves are not those that
    it takes. `body` is what a block holds, `times` how often it is applied in a row; with `each` the body holds every
    one of these calls, else what they all hold.
    """

    id: str
    form: Form
    kind: str
    name: str
    path: str
    title: str
    detail: str
    shapes: tuple[str, ...]
    news: tuple[bool, ...]
    rows: tuple[Row, ...] = ()
    span: Span | None = None
    body: Body | None = None
    times: int = 1
    each: bool = False


class Body(Entity):
    """The boxes of a block, in the order of the spec, and their wires; the ends at its border have no boxes."""

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    takes: int
    leaves: int


class Picture(Entity):
    """A network as boxes and wires; its inputs and outputs are boxes as well."""

    name: str
    subtitle: str
    doc: str
    body: Body

    def boxes(self) -> Iterator[Box]:
        """Every box, each before those in it."""
        return _walk(self.body)


def _walk(body: Body) -> Iterator[Box]:
    for box in body.boxes:
        yield box
        if box.body:
            yield from _walk(box.body)


def picture(graph: Graph, sizes: Sizes | None = None) -> Picture:
    """The picture of a network.

    [box.title for box in picture(lenet).body.boxes]      # ["image", "conv", "sigmoid", …]
    """
    graph = opened(graph, MANY)
    rows = tally(graph, sizes or {})
    inside = _body(graph, (rows,), "")
    count, last = len(graph.inputs), len(graph.inputs) + len(inside.boxes)
    entries = [
        Box(f"in{i}", "input", "end", "", entry.name, entry.name, "", (str(entry.shape),), (True,))
        for i, entry in enumerate(graph.inputs)
    ]
    exits = [
        Box(f"out{i}", "output", "end", "", name, name, "", (str(value.shape),), (False,))
        for i, (name, value) in enumerate(zip(graph.output_names, graph.outputs, strict=True))
    ]

    def moved(end: End, border: int) -> End:
        return End(border + end.slot) if end.box == OUTSIDE else End(end.box + count, end.slot)

    wires = tuple(Wire(moved(wire.source, 0), moved(wire.target, last), wire.shape) for wire in inside.wires)
    body = Body((*entries, *inside.boxes, *exits), wires, 0, 0)
    return Picture(graph.name, _subtitle(graph, rows), graph.doc, body)


def _subtitle(graph: Graph, rows: Sequence[Row]) -> str:
    inputs = ", ".join(f"{entry.name} {entry.shape}" for entry in graph.inputs)
    outputs = ", ".join(str(value.shape) for value in graph.outputs)
    return f"{inputs} → {outputs}, {sum(row.parameters for row in rows):,} parameters"


def _body(graph: Graph, instances: Sequence[Sequence[Row]], prefix: str) -> Body:
    """The body of a graph; `instances` holds its rows, once for every call that is drawn by this one body."""
    ends = {Value(entry): End(OUTSIDE, i) for i, entry in enumerate(graph.inputs)}
    boxes: list[Box] = []
    wires: list[Wire] = []
    place = 0
    for count, pattern in _stretches(graph, instances[0]):
        rows = [tuple(rows[place : place + count * pattern]) for rows in instances]
        nodes = [row.node for row in rows[0]]
        id = f"{prefix}{len(boxes)}"
        if count == 1 and _is_plain(nodes[0]):
            ends[Value(nodes[0])] = ends[nodes[0].inputs[0]]
            place += 1
            continue
        if count > 1:
            box = _repeated(graph, nodes, rows, count, pattern, id)
            inputs: Sequence[Value] = _taken(nodes)
        else:
            box = _box(nodes[0], [row[0] for row in rows], id)
            inputs = () if _stands_alone(graph, nodes[0]) else nodes[0].inputs
        wires += (Wire(ends[value], End(len(boxes), slot), str(value.shape)) for slot, value in enumerate(inputs))
        ends |= {Value(nodes[-1], slot): End(len(boxes), slot) for slot in range(len(nodes[-1].shapes))}
        boxes.append(box)
        place += count * pattern
    wires += (Wire(ends[value], End(OUTSIDE, slot), str(value.shape)) for slot, value in enumerate(graph.outputs))
    return Body(tuple(boxes), tuple(wires), len(graph.inputs), len(graph.outputs))


def _stretches(graph: Graph, rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """How often a pattern of how many rows repeats, from the first row to the last."""
    nodes = [row.node for row in rows]
    start = 0
    for length, count in stretches(list(map(_structure, nodes)), [isinstance(node, Call) for node in nodes]):
        if count > 1 and _is_chain(graph, nodes[start : start + length], length // count):
            yield count, length // count
        else:
            yield from ((1, 1) for _ in range(length))
        start += length


def _structure(node: Step) -> tuple[object, ...]:
    """What two nodes have in common that look the same when they are opened."""
    if isinstance(node, Call):
        return (call(node), *map(_structure, node.graph.steps))
    return (node.op,) if isinstance(node, Apply) else (node.count, *map(_structure, node.graph.steps))


def _is_chain(graph: Graph, nodes: Sequence[Step], pattern: int) -> bool:
    """Whether one value goes from each repetition of a pattern to the next, and no other goes in or out."""
    inside: set[Node] = set(nodes)
    outside = {value for node in graph.steps if node not in inside for value in node.inputs} | set(graph.outputs)
    if any(value.node in inside and value != Value(nodes[-1]) for value in outside):
        return False
    given: Value | None = None
    for start in range(0, len(nodes), pattern):
        turn = nodes[start : start + pattern]
        taken = _taken(turn)
        if len(taken) != 1 or given not in (None, taken[0]) or len(turn[-1].shapes) != 1:
            return False
        given = Value(turn[-1])
    return True


def _taken(nodes: Sequence[Step]) -> list[Value]:
    """What nodes take from outside, each value once."""
    inside: set[Node] = set(nodes)
    return list(dict.fromkeys(value for node in nodes for value in node.inputs if value.node not in inside))


def _is_plain(node: Step) -> bool:
    """Whether a node only hands its value on: it is drawn as the wire that it is."""
    return isinstance(node, Apply) and node.op.is_view and node.op.is_noop_in_evaluation


def _stands_alone(graph: Graph, node: Step) -> bool:
    """Whether a node is drawn without the value that it takes: a learned value asks it for the number of samples alone.

    Where nothing else wants that value the wire stays, so that every box is on one.
    """
    if not _is_learned(node):
        return False
    (taken,) = node.inputs
    others = (value for other in graph.steps if not _is_learned(other) for value in other.inputs)
    return taken in graph.outputs or taken in others


def _is_learned(node: Node) -> bool:
    return isinstance(node, Apply) and node.op.is_constant


def _repeated(
    graph: Graph, nodes: Sequence[Step], rows: Sequence[Sequence[Row]], count: int, pattern: int, id: str
) -> Box:
    """A box for calls in a row. Instances of one graph are drawn once, others all, in the box."""
    first, last = rows[0][0], rows[0][-1]
    turns = [nodes[start : start + pattern] for start in range(0, len(nodes), pattern)]
    calls = [node for node in turns[0] if isinstance(node, Call)]
    if pattern == 1 and calls and len({node.graph for node in nodes if isinstance(node, Call)}) == 1:
        body, each = _body(calls[0].graph, [row.rows for turn in rows for row in turn], f"{id}."), False
    else:
        body, each = _unrolled(graph, nodes, rows, f"{id}."), True
    words = [_applied(node, row) for node, row in zip(turns[0], rows[0], strict=False)]
    title = words[0] if len(words) == 1 else f"({', '.join(words)})"
    return Box(
        id=id,
        form="block",
        kind="block",
        name=f"{first.name} … {last.name}" if not _is_number(first.name) else "",
        path=f"{first.path} … {last.path}",
        title=shortened(f"{count} × {title}"),
        detail="",
        shapes=tuple(map(str, nodes[-1].shapes)),
        news=_news(nodes[-1].shapes, _taken(nodes)),
        rows=tuple(row for turn in rows for row in turn),
        span=first.node.span,
        body=body,
        times=count,
        each=each,
    )


def _unrolled(graph: Graph, nodes: Sequence[Step], rows: Sequence[Sequence[Row]], prefix: str) -> Body:
    """Calls in a row, each as a box."""
    ends = {value: End(OUTSIDE, 0) for value in _taken(nodes)}
    wires: list[Wire] = []
    boxes: list[Box] = []
    for i, node in enumerate(nodes):
        if _is_plain(node):
            ends[Value(node)] = ends[node.inputs[0]]
            continue
        inputs = () if _stands_alone(graph, node) else node.inputs
        wires += (Wire(ends[value], End(len(boxes), slot), str(value.shape)) for slot, value in enumerate(inputs))
        ends[Value(node)] = End(len(boxes))
        boxes.append(_box(node, [turn[i] for turn in rows], f"{prefix}{len(boxes)}"))
    wires.append(Wire(ends[Value(nodes[-1])], End(OUTSIDE), str(nodes[-1].shapes[0])))
    return Body(tuple(boxes), tuple(wires), 1, 1)


def _box(node: Step, rows: Sequence[Row], id: str) -> Box:
    form, kind, title, detail = _layer(node) if isinstance(node, Apply) else _call(node, rows[0])
    name = "" if isinstance(node, Repeat) else node.label or (node.key or "")
    return Box(
        id=id,
        form=form,
        kind=kind,
        name="" if _is_number(name) or name == title else name,
        path=rows[0].path,
        title=title,
        detail=detail,
        shapes=tuple(map(str, node.shapes)),
        news=_news(node.shapes, node.inputs),
        rows=tuple(rows),
        span=node.span,
        body=None if isinstance(node, Apply) else _body(node.graph, [row.rows for row in rows], f"{id}."),
        times=node.count if isinstance(node, Repeat) else 1,
    )


def _layer(node: Apply) -> tuple[Form, str, str, str]:
    op: Op = node.op
    kind = op.chapter.kind
    return ("sign", kind, op.sign, "") if op.sign else ("layer", kind, op.name, caption(node))


def _call(node: Call | Repeat, row: Row) -> tuple[Form, str, str, str]:
    count = row.size
    return "block", "block", _applied(node, row), f"{count} layer{'s' if count > 1 else ''}"


def _applied(node: Step, row: Row) -> str:
    """What a box of a block is headed by: the call as the spec writes it; a group goes by its name."""
    if isinstance(node, Call) and not node.graph.name:
        return "group" if _is_number(row.name) else row.name
    if isinstance(node, Repeat):
        words = [_applied(inner.node, inner) for inner in row.rows]
        return shortened(f"{node.count} × {words[0] if len(words) == 1 else '(' + ', '.join(words) + ')'}")
    return row.op if isinstance(node, Apply) else shortened(call(node))


def _is_number(name: str) -> bool:
    return name.isdecimal()


def _news(shapes: Sequence[object], inputs: Sequence[Value]) -> tuple[bool, ...]:
    taken = inputs[0].shape if inputs else None
    return tuple(shape != taken for shape in shapes)
