"""Which blocks of a picture are open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archdsl.pictures.model import Body, Box, Picture

ENOUGH = 64
"""As many boxes as a reader takes in: blocks are opened level by level while no more are seen."""


def opened(picture: Picture, depth: int | None = None, names: Iterable[str] = ()) -> tuple[str, ...]:
    """The ids of the open blocks: those of `depth` levels, and those of these names with what they are in.

    A name is that of a block in the spec (`bottleneck`), or the path of a call (`layer1.0`). Without a depth as many
    levels are opened as a reader takes in. Raises LookupError for a name that nothing has.
    """
    wanted = list(names)
    levels = depth if depth is not None else 0 if wanted else _fitting(picture)
    ids = {box.id for box in _down_to(picture.body, levels)}
    for name in wanted:
        found = [trail for trail in _trails(picture.body, ()) if _is_called(trail[-1], name)]
        if not found:
            raise LookupError(name)
        ids.update(box.id for trail in found for box in trail)
    return tuple(box.id for box in picture.boxes() if box.id in ids)


def blocks(picture: Picture) -> list[str]:
    """The names by which blocks can be opened."""
    found = (name for box in picture.boxes() if box.body for name in (*_ops(box), box.path))
    return list(dict.fromkeys(found))


def seen(body: Body, ids: frozenset[str]) -> int:
    """How many boxes are seen when these are open."""
    return sum(seen(box.body, ids) if box.body and box.id in ids else 1 for box in body.boxes)


def _fitting(picture: Picture) -> int:
    levels = 0
    while True:
        ids = frozenset(box.id for box in _down_to(picture.body, levels + 1))
        if seen(picture.body, ids) > ENOUGH or len(ids) == len(list(_down_to(picture.body, levels))):
            return levels
        levels += 1


def _down_to(body: Body, levels: int) -> Iterator[Box]:
    """The blocks of the first levels. Calls in a row that are drawn one by one take no level of their own."""
    if levels < 1:
        return
    for box in body.boxes:
        if box.body:
            yield box
            yield from _down_to(box.body, levels if box.each else levels - 1)


def _trails(body: Body, above: tuple[Box, ...]) -> Iterator[Sequence[Box]]:
    for box in body.boxes:
        if box.body:
            yield (*above, box)
            yield from _trails(box.body, (*above, box))


def _is_called(box: Box, name: str) -> bool:
    return name == box.path or name in _ops(box) or any(row.path == name for row in box.rows)


def _ops(box: Box) -> list[str]:
    """The names of the blocks that a box stands for; a group goes by its own name."""
    names = [row.node.graph.name or row.name for row in box.rows if hasattr(row.node, "graph")]
    return list(dict.fromkeys(names))
