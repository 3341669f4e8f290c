"""A picture as a Mermaid flowchart, for README files and wikis that draw it: open blocks are subgraphs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from archdsl.pictures.dot import words
from archdsl.pictures.kinds import LIGHT
from archdsl.pictures.leaves import lines
from archdsl.pictures.model import Body, Box, Picture

SHAPES = {
    "layer": '["{}"]',
    "sign": '(("{}"))',
    "block": '[["{}"]]',
    "input": '(["{}"])',
    "output": '(["{}"])',
}


MOST_WIRES, MOST_TEXT = 499, 50_000
"""What Mermaid draws, of wires and of characters, unless the page around it says otherwise; GitHub's does not."""


def mermaid(picture: Picture, opened: Collection[str]) -> str:
    """A picture as a flowchart, with the blocks of these ids open.

    flowchart TD
      in0(["image"]):::end_
      b0["conv 5×5, 6"]:::convolution
      in0 -->|"[N, 1, 28, 28]"| b0
    """
    kinds = sorted({box.kind for box in _seen(picture.body, opened)})
    frames = [_id(box) for box in picture.boxes() if box.body and box.id in opened]
    wires = (
        f'{_id(line.source)} -->|"{_escaped(line.shape)}"| {_id(line.target)}' for line in lines(picture.body, opened)
    )
    classes = (
        f"classDef {_class(kind)} fill:{LIGHT.kinds[kind].fill},stroke:{LIGHT.kinds[kind].line},"
        f"color:{LIGHT.kinds[kind].text}"
        for kind in kinds
    )
    text = [*_boxes(picture.body, opened), *wires, *classes, *_framed(frames)]
    return "\n".join(["flowchart TD", *(f"  {line}" for line in text), ""])


def refusal(text: str) -> str:
    """Why Mermaid does not draw a flowchart; empty where it does.

    refusal(mermaid(densenet201, everything))      # "Mermaid draws at most 499 wires, and here are 807"
    """
    wires = text.count(" -->|")
    if wires > MOST_WIRES:
        return f"Mermaid draws at most {MOST_WIRES} wires, and here are {wires}"
    if len(text) > MOST_TEXT:
        return f"Mermaid reads at most {MOST_TEXT:,} characters, and here are {len(text):,}"
    return ""


def _boxes(body: Body, opened: Collection[str]) -> Iterator[str]:
    for box in body.boxes:
        if box.body and box.id in opened:
            yield f'subgraph {_id(box)} ["{_escaped(" ".join(filter(None, (box.title, box.name))))}"]'
            yield from (f"  {line}" for line in _boxes(box.body, opened))
            yield "end"
        else:
            yield f"{_id(box)}{SHAPES[box.form].format(_escaped(words(box)))}:::{_class(box.kind)}"


def _framed(frames: Sequence[str]) -> Iterator[str]:
    """The look of open blocks; without it Mermaid paints them yellow."""
    if frames:
        yield f"classDef frame fill:{LIGHT.frame},stroke:{LIGHT.rim},color:{LIGHT.ink}"
        yield f"class {','.join(frames)} frame"


def _seen(body: Body, opened: Collection[str]) -> Iterator[Box]:
    for box in body.boxes:
        if box.body and box.id in opened:
            yield from _seen(box.body, opened)
        else:
            yield box


def _id(box: Box) -> str:
    """A name that Mermaid takes: it begins with a letter and holds no dots."""
    name = box.id.replace(".", "_")
    return name if name[0].isalpha() else f"b{name}"


def _class(kind: str) -> str:
    """`end` is a word of Mermaid's own."""
    return f"{kind}_" if kind == "end" else kind


def _escaped(text: str) -> str:
    """Text that stays text: in labels too Mermaid reads quotes, entities, tags, `\\n` and directives (`%%{`)."""
    return re.sub(r'[#&"<>%\\]', lambda found: f"#{ord(found[0])};", text).replace("\n", "<br>")
