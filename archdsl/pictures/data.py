"""A picture as plain data, for the scripts that lay it out, and the style sheet of what they draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

from archdsl.graph.text import call
from archdsl.pictures.kinds import DARK, LIGHT, WORDS, Theme
from archdsl.pictures.model import OUTSIDE, Body, Box, Picture

Look: TypeAlias = Literal["auto", "light", "dark"]

FONTS = 'Helvetica, Arial, "Liberation Sans", sans-serif'


def data(picture: Picture) -> dict[str, Any]:
    """A picture as JSON has it."""
    return {
        "name": picture.name,
        "subtitle": picture.subtitle,
        "legend": WORDS,
        "body": _body(picture.body),
    }


def _body(body: Body) -> dict[str, Any]:
    takes = [0] * len(body.boxes)
    for _, (box, slot), _ in body.wires:
        if box != OUTSIDE:
            takes[box] = max(takes[box], slot + 1)
    return {
        "boxes": [_box(box, count) for box, count in zip(body.boxes, takes, strict=True)],
        "wires": [[list(wire.source), list(wire.target), wire.shape] for wire in body.wires],
        "takes": body.takes,
        "leaves": body.leaves,
    }


def _box(box: Box, takes: int) -> dict[str, Any]:
    body = {"body": _body(box.body)} if box.body else {}
    return {
        "id": box.id,
        "form": box.form,
        "kind": box.kind,
        "name": box.name,
        "title": box.title,
        "detail": box.detail,
        "shapes": box.shapes,
        "news": box.news,
        "takes": takes,
        "times": box.times,
        "tip": tip(box),
        **body,
    }


def tip(box: Box) -> str:
    """What a box tells when it is pointed at: its path, what it applies, what it leaves."""
    called = f" = {call(box.rows[0].node)}" if box.rows and box.times == 1 else ""
    return f"{box.path}{called} : {', '.join(box.shapes)}"


def style(look: Look, root: str) -> str:
    """The style sheet of a picture whose outermost element is `root`; `auto` follows the reader's own choice."""
    if look != "auto":
        return "\n".join(_rules(DARK if look == "dark" else LIGHT, root))
    dark = "\n".join(f"  {rule}" for rule in _colours(DARK, root))
    return "\n".join([*_rules(LIGHT, root), f"@media (prefers-color-scheme: dark) {{\n{dark}\n}}"])


def _rules(theme: Theme, root: str) -> Iterator[str]:
    yield f"{root} {{ font-family: {FONTS}; }}"
    yield f"{root} .title, {root} .network {{ font-weight: bold; }}"
    yield f"{root} .title, {root} .detail {{ font-size: 12.5px; }}"
    yield f"{root} .name {{ font-size: 10.5px; }}"
    yield f"{root} .told {{ font-size: 11px; }}"
    yield f"{root} .network {{ font-size: 17px; }}"
    yield f"{root} .subtitle {{ font-size: 12px; }}"
    yield f"{root} .line, {root} .sign {{ fill: none; stroke-width: 1.3; }}"
    yield f"{root} .sign {{ stroke-width: 1.8; stroke-linecap: round; }}"
    yield f"{root} .shape, {root} .frame {{ stroke-width: 1.1; }}"
    yield from _colours(theme, root)


def _colours(theme: Theme, root: str) -> Iterator[str]:
    yield f"{root} .paper {{ fill: {theme.paper}; }}"
    yield f"{root} .network {{ fill: {theme.ink}; }}"
    yield f"{root} .told, {root} .subtitle {{ fill: {theme.faint}; }}"
    yield f"{root} .line {{ stroke: {theme.wire}; }}"
    yield f"{root} .arrow {{ fill: {theme.wire}; }}"
    yield f"{root} .frame {{ fill: {theme.frame}; stroke: {theme.rim}; }}"
    yield f"{root} .head {{ fill: {theme.rim}; fill-opacity: 0.45; }}"
    for kind, colours in theme.kinds.items():
        yield f"{root} .{kind} > .shape {{ fill: {colours.fill}; stroke: {colours.line}; }}"
        yield f"{root} .{kind} > .title, {root} .{kind} > .detail {{ fill: {colours.text}; }}"
        yield f"{root} .{kind} > .name {{ fill: {colours.text}; fill-opacity: 0.8; }}"
        yield f"{root} .{kind} > .sign {{ stroke: {colours.text}; }}"
