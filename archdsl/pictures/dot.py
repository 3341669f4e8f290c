"""A picture in DOT, for Graphviz and what reads its language: open blocks are clusters."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from archdsl.pictures.kinds import LIGHT
from archdsl.pictures.leaves import lines
from archdsl.pictures.model import Body, Box, Picture

HEAD = (
    "rankdir=TB;",
    'node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, height=0.3, margin="0.12,0.05"];',
    f'edge [fontname="Helvetica", fontsize=9, color="{LIGHT.wire}", fontcolor="{LIGHT.faint}", arrowsize=0.6];',
    f'graph [fontname="Helvetica", fontsize=11, style="rounded,filled", fillcolor="{LIGHT.frame}"];',
)


def dot(picture: Picture, opened: Collection[str]) -> str:
    """A picture in DOT, with the blocks of these ids open.

    digraph "LeNet" {
      "0" [label="conv 5×5, 6", fillcolor="#dbe9fd", …];
      "in0" -> "0" [label="[N, 1, 28, 28]"];
    """
    wires = (
        f"{_quoted(line.source.id)} -> {_quoted(line.target.id)} [label={_quoted(line.shape)}];"
        for line in lines(picture.body, opened)
    )
    text = [*HEAD, *_boxes(picture.body, opened), *wires]
    return "\n".join([f"digraph {_quoted(picture.name)} {{", *(f"  {line}" for line in text), "}", ""])


def _boxes(body: Body, opened: Collection[str]) -> Iterator[str]:
    for box in body.boxes:
        if box.body and box.id in opened:
            yield f"subgraph {_quoted(f'cluster_{box.id}')} {{"
            yield f"  label={_quoted(' '.join(filter(None, (box.title, box.name))))};"
            yield f'  color="{LIGHT.rim}";'
            yield from (f"  {line}" for line in _boxes(box.body, opened))
            yield "}"
        else:
            yield f"{_quoted(box.id)} [{', '.join(_attributes(box))}];"


def _attributes(box: Box) -> Iterator[str]:
    colours = LIGHT.kinds[box.kind]
    yield f"label={_quoted(words(box))}"
    yield f'fillcolor="{colours.fill}"'
    yield f'color="{colours.line}"'
    yield f'fontcolor="{colours.text}"'
    if box.form == "sign":
        yield "shape=circle, width=0.3, fixedsize=true"
    if box.times > 1:
        yield "peripheries=2"


def words(box: Box) -> str:
    """What a closed box says, on one line or several."""
    if box.form == "block":
        return "\n".join(filter(None, (box.name, box.title, box.detail)))
    return "\n".join(filter(None, (box.name, f"{box.title} {box.detail}".rstrip())))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
