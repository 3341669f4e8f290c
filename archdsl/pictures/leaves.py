"""Wires from closed box to closed box, through the borders of the open ones: for forms that lay out for themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from archdsl.pictures.model import OUTSIDE, Body, Box, End


class Line(NamedTuple):
    """A wire between two boxes that are seen."""

    source: Box
    target: Box
    shape: str


def lines(body: Body, opened: Collection[str]) -> Iterator[Line]:
    """The wires between the boxes that are seen, in the order of what they lead to.

    [(line.source.title, line.target.title) for line in lines(lenet.body, ())]      # [("image", "conv"), …]
    """
    yield from _lines(body, opened, ())[0]


def _lines(body: Body, opened: Collection[str], given: tuple[Box, ...]) -> tuple[list[Line], tuple[Box, ...]]:
    """The wires in a body whose inputs come from `given`, and the boxes that its outputs come from."""
    found: list[Line] = []
    leaving: dict[End, Box] = {End(OUTSIDE, slot): box for slot, box in enumerate(given)}
    for index, box in enumerate(body.boxes):
        wires = sorted((wire for wire in body.wires if wire.target.box == index), key=lambda wire: wire.target.slot)
        if box.body and box.id in opened:
            inside, left = _lines(box.body, opened, tuple(leaving[wire.source] for wire in wires))
            found += inside
            leaving |= {End(index, slot): last for slot, last in enumerate(left)}
        else:
            found += (Line(leaving[wire.source], box, wire.shape) for wire in wires)
            leaving |= {End(index, slot): box for slot in range(len(box.shapes))}
    exits = sorted((wire for wire in body.wires if wire.target.box == OUTSIDE), key=lambda wire: wire.target.slot)
    return found, tuple(leaving[wire.source] for wire in exits)
