"""A network drawn: the forms that a picture has, under the names by which users ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from archdsl.diagnostics import listing, suggestion
from archdsl.graph.nodes import Graph
from archdsl.pictures.data import Look
from archdsl.pictures.dot import dot
from archdsl.pictures.mermaid import mermaid
from archdsl.pictures.model import Picture, picture
from archdsl.pictures.opened import blocks, opened
from archdsl.pictures.page import page
from archdsl.pictures.svg import svg

FORMS = ("svg", "html", "dot", "mermaid")
LOOKS: Mapping[str, Look] = {look: look for look in get_args(Look)}


def draw(graph: Graph, form: str, depth: int | None, names: Iterable[str], look: str) -> str:
    """A picture of a network in one of FORMS, its blocks open down to `depth` levels and those of these names besides.

        draw(lenet, "dot", None, (), "auto")

    Raises ValueError for an unknown form, look or block, and NoEngine where SVG lacks its engine.
    """
    if form not in FORMS:
        raise ValueError(f"{form!r} is no form of a picture; it is {listing(FORMS)}")
    if look not in LOOKS:
        raise ValueError(f"{look!r} is no theme; it is {listing(LOOKS)}")
    drawn = picture(graph)
    ids = _opened(drawn, depth, names)
    if form == "svg":
        return svg(drawn, ids, LOOKS[look])
    if form == "html":
        return page(drawn, ids, LOOKS[look])
    return dot(drawn, ids) if form == "dot" else mermaid(drawn, ids)


def _opened(drawn: Picture, depth: int | None, names: Iterable[str]) -> tuple[str, ...]:
    try:
        return opened(drawn, depth, names)
    except LookupError as error:
        (name,) = error.args
        known = blocks(drawn)
        hint = suggestion(name, known) or (f"it has {listing(known[:8], 'and')}" if known else "it has no blocks")
        raise ValueError(f"{drawn.name} has no block {name}; {hint}") from None
