"""What an SVG picture shows, read back from its elements: boxes, texts, wires, and whether any of them collide."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Any

SVG = "{http://www.w3.org/2000/svg}"
HEAD = 30
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
SLACK = 0.6
"""Coordinates are written with one digit after the point."""


@dataclass(frozen=True)
class Area:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Area) -> bool:
        """Whether two areas share more than a border."""
        return (
            self.left < other.right - SLACK
            and other.left < self.right - SLACK
            and self.top < other.bottom - SLACK
            and other.top < self.bottom - SLACK
        )

    def holds(self, other: Area) -> bool:
        return (
            self.left - SLACK <= other.left
            and self.top - SLACK <= other.top
            and self.right + SLACK >= other.right
            and self.bottom + SLACK >= other.bottom
        )

    def touches(self, x: float, y: float) -> bool:
        """Whether a point is on the border."""
        across = self.left - SLACK <= x <= self.right + SLACK and min(abs(y - self.top), abs(y - self.bottom)) < SLACK
        along = self.top - SLACK <= y <= self.bottom + SLACK and min(abs(x - self.left), abs(x - self.right)) < SLACK
        return across or along

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Text:
    words: str
    kind: str
    area: Area


@dataclass
class Drawn:
    """A box with its texts: those in it, and the shapes below it."""

    id: str
    classes: list[str]
    area: Area
    texts: list[Text] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return "open" in self.classes

    @property
    def title(self) -> str:
        return next((text.words for text in self.texts if text.kind == "title"), "")


@dataclass(frozen=True)
class Wire:
    """The corners of a wire, and the point of its arrow where it has one."""

    points: list[tuple[float, float]]
    arrow: tuple[float, float] | None

    def segments(self) -> Iterator[Area]:
        for (x, y), (u, v) in pairwise(self.points):
            yield Area(min(x, u), min(y, v), max(x, u), max(y, v))


@dataclass(frozen=True)
class Seen:
    """A picture as its reader sees it."""

    area: Area
    boxes: dict[str, Drawn]
    wires: list[Wire]
    heading: list[Text]

    def inner(self, box: Drawn) -> list[Drawn]:
        return [other for other in self.boxes.values() if other.id.rpartition(".")[0] == box.id]


def seen(svg: str) -> Seen:
    """Read a picture back."""
    root = ElementTree.fromstring(svg)
    size = Area(0, 0, float(root.attrib["width"]), float(root.attrib["height"]))
    boxes = {box.id: box for box in map(_box, root.findall(f"{SVG}g[@data-id]"))}
    wires = [_wire(group) for group in root.findall(f"{SVG}g[@class='wire']")]
    heading = [_text(text) for text in root.findall(f"{SVG}text")]
    return Seen(size, boxes, wires, heading)


def _box(group: ElementTree.Element) -> Drawn:
    circle = group.find(f"{SVG}circle")
    if circle is not None:
        x, y, r = (float(circle.attrib[name]) for name in ("cx", "cy", "r"))
        area = Area(x - r, y - r, x + r, y + r)
    else:
        areas = [_rect(rect) for rect in group.findall(f"{SVG}rect")]
        area = Area(areas[-1].left, areas[-1].top, areas[0].right, areas[0].bottom)
    texts = [_text(text) for text in group.findall(f"{SVG}text")]
    return Drawn(group.attrib["data-id"], group.attrib["class"].split(), area, texts)


def _rect(rect: ElementTree.Element) -> Area:
    x, y, w, h = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
    return Area(x, y, x + w, y + h)


SIZES = {"title": 12.5, "detail": 12.5, "name": 10.5, "told": 11, "network": 17, "subtitle": 12}


def _text(text: ElementTree.Element) -> Text:
    x, y, w = (float(text.attrib[name]) for name in ("x", "y", "textLength"))
    left = x - {"middle": w / 2, "end": w}.get(text.attrib.get("text-anchor", ""), 0)
    size = SIZES[text.attrib["class"]]
    return Text(text.text or "", text.attrib["class"], Area(left, y - 0.75 * size, left + w, y + 0.22 * size))


def _wire(group: ElementTree.Element) -> Wire:
    line, arrow = group.find(f"{SVG}path[@class='line']"), group.find(f"{SVG}path[@class='arrow']")
    assert line is not None
    numbers = list(map(float, NUMBER.findall(re.sub(r"Q(\S+ \S+) \S+ [^LQ]+", r"L\1", line.attrib["d"]))))
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    tip = tuple(map(float, NUMBER.findall(arrow.attrib["d"])[:2])) if arrow is not None else None
    return Wire(points, (tip[0], tip[1]) if tip else None)


def collisions(picture: Seen) -> list[str]:
    """Everything that is where something else is, or where nobody sees it; empty for a good picture."""
    return [*_boxes(picture), *_texts(picture), *_wires(picture)]


def _boxes(picture: Seen) -> Iterator[str]:
    for box in picture.boxes.values():
        if not picture.area.holds(box.area):
            yield f"box {box.id} leaves the picture"
        parent = picture.boxes.get(box.id.rpartition(".")[0])
        if parent and not Area(parent.area.left, parent.area.top + HEAD, parent.area.right, parent.area.bottom).holds(
            box.area
        ):
            yield f"box {box.id} leaves its block"
    for a, b in _near(list(picture.boxes.values())):
        is_inside = a.id.startswith(f"{b.id}.") or b.id.startswith(f"{a.id}.")
        if not is_inside and a.area.meets(b.area):
            yield f"boxes {a.id} and {b.id} overlap"


def _texts(picture: Seen) -> Iterator[str]:
    told = [(text, box) for box in picture.boxes.values() for text in box.texts if text.kind == "told"]
    for box in picture.boxes.values():
        said = [text for text in box.texts if text.kind != "told"]
        for text in said:
            if not box.area.holds(text.area):
                yield f"{text.words!r} leaves box {box.id}"
        for a, b in combinations(said, 2):
            if a.area.meets(b.area):
                yield f"{a.words!r} and {b.words!r} overlap in box {box.id}"
    for text, owner in told:
        if not picture.area.holds(text.area):
            yield f"{text.words!r} leaves the picture"
        parent = picture.boxes.get(owner.id.rpartition(".")[0])
        if parent and not parent.area.holds(text.area):
            yield f"{text.words!r} leaves block {parent.id}"
    closed = [box for box in picture.boxes.values() if not box.is_open]
    lines = [_Line(_thick(segment)) for wire in picture.wires for segment in wire.segments()]
    for a, b in _near([*(text for text, _ in told), *closed, *lines]):
        if (isinstance(a, Text) or isinstance(b, Text)) and a.area.meets(b.area):
            yield f"{a} and {b} overlap"
    for a, b in combinations(picture.heading, 2):
        if a.area.meets(b.area):
            yield f"{a.words!r} and {b.words!r} overlap"


def _wires(picture: Seen) -> Iterator[str]:
    solid: list[Drawn | _Head | _Line] = [box for box in picture.boxes.values() if not box.is_open]
    solid += [_Head(box) for box in picture.boxes.values() if box.is_open]
    solid += [_Line(_thick(segment)) for wire in picture.wires for segment in wire.segments()]
    for a, b in _near(solid):
        if isinstance(a, _Line) != isinstance(b, _Line) and a.area.meets(b.area):
            yield f"a wire crosses: {a}, {b}"
    for wire in picture.wires:
        for (x, y), (u, v) in pairwise(wire.points):
            if abs(x - u) > SLACK and abs(y - v) > SLACK:
                yield f"a wire is askew from {x}, {y} to {u}, {v}"
        if not all(picture.area.holds(segment) for segment in wire.segments()):
            yield "a wire leaves the picture"
        if wire.arrow and not any(box.area.touches(*wire.arrow) for box in picture.boxes.values()):
            yield f"an arrow at {wire.arrow} points at nothing"


@dataclass(frozen=True)
class _Line:
    """A straight part of a wire."""

    area: Area


@dataclass(frozen=True)
class _Head:
    """The heading of an open block."""

    box: Drawn

    @property
    def area(self) -> Area:
        return Area(self.box.area.left, self.box.area.top, self.box.area.right, self.box.area.top + HEAD)


def _near(things: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Pairs of things that are at the same height: pictures are much higher than they are wide."""
    above: list[Any] = []
    for thing in sorted(things, key=lambda thing: thing.area.top):
        above = [other for other in above if other.area.bottom > thing.area.top]
        yield from ((other, thing) for other in above)
        above.append(thing)


def _thick(segment: Area) -> Area:
    """A line as an area that is wide enough to be met, and no longer than the line."""
    by = SLACK + 0.1
    if segment.right - segment.left < segment.bottom - segment.top:
        return Area(segment.left - by, segment.top, segment.right + by, segment.bottom)
    return Area(segment.left, segment.top - by, segment.right, segment.bottom + by)
