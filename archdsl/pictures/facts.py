"""What a page tells of a box: shapes, figures, weights, documentation. Takes a box, returns pairs of words."""

from __future__ import annotations

from inspect import getdoc

from archdsl.analyses.tally import Row, total
from archdsl.graph.nodes import Apply, Repeat
from archdsl.graph.text import call, literal
from archdsl.pictures.model import Box, Picture
from archdsl.record import Entity
from archdsl.reports.figures import count, memory


class Facts(Entity):
    """What is told of a box: what it applies, pairs of a word and a fact, and its documentation."""

    call: str
    pairs: tuple[tuple[str, str], ...]
    doc: str


def facts(box: Box) -> Facts:
    """The facts of a box; of calls in a row together.

    dict(facts(conv1).pairs)["parameters"]      # "9,408"
    """
    if not box.rows:
        return Facts(box.title, (("shape", ", ".join(box.shapes)),), "")
    first = box.rows[0]
    node = first.node
    pairs = [("name", box.path)]
    if len(box.rows) > 1 and box.times == 1:
        pairs.append(("also", ", ".join(row.path for row in box.rows[1:])))
    pairs += [
        ("takes", ", ".join(str(value.shape) for value in node.inputs)),
        ("leaves", ", ".join(map(str, box.rows[-1].node.shapes))),
        ("parameters", _times(box, [f"{row.parameters:,}" for row in box.rows], f"{_sum(box.rows):,}")),
        ("MACs", count(total(row.macs for row in box.rows))),
        ("memory written", memory(total(row.activation_bytes for row in box.rows))),
        ("receptive field", _fields(box.rows)),
    ]
    if isinstance(node, Apply):
        pairs.append(("arguments", ", ".join(f"{name}={literal(value)}" for name, value in node.op.values().items())))
        params = node.op.params(*(value.shape for value in node.inputs)) if node.shares is None else {}
        pairs += [
            ("weight" if param.trainable else "buffer", f"{name} [{', '.join(map(str, param.shape))}]".strip())
            for name, param in params.items()
        ]
    if not isinstance(node, Repeat) and node.shares is not None:
        pairs.append(("weights", f"shared with {node.shares.label or node.shares.key}"))
    return Facts(call(node), tuple((word, fact) for word, fact in pairs if fact), _doc(first))


def network_facts(picture: Picture) -> Facts:
    """The facts of a whole network: what a page tells before anything is chosen."""
    rows = tuple(row for box in picture.body.boxes for row in box.rows)
    pairs = (
        ("inputs", _ends(picture, "input")),
        ("outputs", _ends(picture, "output")),
        ("parameters", f"{_sum(rows):,}"),
        ("MACs", count(total(row.macs for row in rows))),
        ("memory written", memory(total(row.activation_bytes for row in rows))),
    )
    return Facts(picture.name, pairs, picture.doc)


def _ends(picture: Picture, form: str) -> str:
    return ", ".join(f"{box.title} {box.shapes[0]}" for box in picture.body.boxes if box.form == form)


def _sum(rows: tuple[Row, ...]) -> int:
    return sum(row.parameters for row in rows)


def _times(box: Box, each: list[str], together: str) -> str:
    """A figure of one, or of several that are the same, or of all together."""
    if len(each) == 1:
        return each[0]
    return f"{len(each)} × {each[0]} = {together}" if len(set(each)) == 1 else together


def _fields(rows: tuple[Row, ...]) -> str:
    found = list(dict.fromkeys(_field(row) for row in rows))
    return found[0] if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _field(row: Row) -> str:
    if row.sees_all:
        return "all of the input"
    return " × ".join("?" if size is None else str(size) for size in row.receptive_field)


def _doc(row: Row) -> str:
    """The first paragraph of an op's manual page, or the comment above a block."""
    if isinstance(row.node, Apply):
        return (getdoc(type(row.node.op)) or "").partition("\n\n")[0].replace("\n", " ")
    return row.node.graph.doc
