"""A picture as one HTML page: blocks open on a click, layers tell their facts, the spec's text stands beside.

The page asks nothing of any network: scripts, styles, the layout (ELK) and the text are in it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from archdsl.graph.nodes import Call
from archdsl.pictures.data import Look, data, style
from archdsl.pictures.facts import Facts, facts, network_facts
from archdsl.pictures.model import Box, Picture
from archdsl.pictures.scripts import elk, part, script
from archdsl.source import Source, visible


def page(picture: Picture, opened: Sequence[str], look: Look = "auto") -> str:
    """The page of a picture; at first the blocks of these ids are open."""
    parts = {
        "title": escape(picture.name),
        "style": "\n".join([style("light", ".light"), style("dark", ".dark"), part("page.css")]),
        "elk": elk(),
        "data": _embedded({**_texts(picture), "picture": data(picture), "opened": list(opened), "look": look}),
        "script": f"{script()}\n{part('page.js')}",
    }
    text = part("page.html")
    for name, value in parts.items():
        text = text.replace(f"<!-- {name} -->", value, 1)
    return text


def _texts(picture: Picture) -> dict[str, Any]:
    """The texts that the boxes stem from, and for each box where and what it is."""
    sources: dict[Source, int] = {}
    boxes: dict[str, Any] = {}
    for box in picture.boxes():
        if box.span:
            sources.setdefault(box.span.source, len(sources))
        place = {"place": [sources[box.span.source], *_place(box)]} if box.span else {}
        paths = list(dict.fromkeys([box.path, *(row.path for row in box.rows)]))
        boxes[box.id] = {"paths": paths, **_told(facts(box)), **place}
    texts = [{"name": visible(Path(source.name).name), "text": source.text} for source in sources]
    return {"texts": texts, "boxes": boxes, "network": _told(network_facts(picture))}


def _told(found: Facts) -> dict[str, Any]:
    return {"call": found.call, "facts": found.pairs, "doc": found.doc}


def _place(box: Box) -> tuple[int, int, int, int]:
    """First line and column and last line and column of a box's text; a group or a join is told by its first line."""
    assert box.span
    (line, column), (last, end) = box.span.begin, box.span.finish
    holds = box.form == "sign" or box.kind == "join" or any(isinstance(row.node, Call) for row in box.rows)
    if holds and last > line:
        return line, column, line, len(box.span.source.line(line)) + 1
    return line, column, last, end


def _embedded(value: Any) -> str:
    """JSON that can stand in a page: nothing in it ends a script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
