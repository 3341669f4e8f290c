"""Places of consecutive lines, set below each other: contracts, the parts of families, comments, and arrows.

Contracts, families and comments always are; arrows where their author did so in one of the lines. What would become too
long is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archdsl.syntax.layout import WIDTH, Row

GAPS = {"=": 0, "->": 0, ":": 1, "{": 1}
"""Kinds of stops from the left to the right, and how many spaces stand before them beyond the usual one."""
COMMENT_GAP = 2


def aligned(rows: list[Row]) -> list[str]:
    """The lines with their columns."""
    for kind, gap in GAPS.items():
        for run in _runs(rows, lambda row: row.text != "" and not row.is_blank):
            for stretch in _stretches(run, kind):
                _align(stretch, kind, gap)
    for run in _runs(rows, lambda row: bool(row.comment and row.text.strip())):
        width = max(len(row.text.rstrip()) for row in run)
        for row in run:
            row.text = f"{row.text.rstrip():<{width}}{' ' * COMMENT_GAP}"
    return [f"{' ' * row.indent}{row.text}{row.comment}".rstrip() for row in rows]


def _runs(rows: list[Row], belongs: Callable[[Row], bool]) -> Iterator[list[Row]]:
    """Stretches of consecutive rows of one indent that belong together."""
    run: list[Row] = []
    for row in rows:
        if run and (row.indent != run[-1].indent or not belongs(row)):
            yield run
            run = []
        if belongs(row):
            run.append(row)
    if run:
        yield run


def _stretches(run: list[Row], kind: str) -> Iterator[list[Row]]:
    """The rows of a run that share a column. Arrows share one only with their neighbours, if one of them is wide."""
    if kind != "->":
        yield [row for row in run if _stop(row, kind) is not None]
        return
    for stretch in _runs(run, lambda row: _stop(row, kind) is not None):
        if any(stop.is_wide for row in stretch for stop, _ in row.stops if stop.kind == kind):
            yield stretch


def _stop(row: Row, kind: str) -> int | None:
    """Where a row may be moved, if that is not inside braces or at its end."""
    for stop, place in row.stops:
        if stop.kind == kind and row.text[place:].strip() and not set("{}") & set(row.text[:place]):
            return place
    return None


def _align(rows: list[Row], kind: str, gap: int) -> None:
    places = [place for row in rows if (place := _stop(row, kind)) is not None]
    if len(places) < 2:
        return
    column = max(places) + gap
    if any(row.indent + len(row.text) + column - place > WIDTH for row, place in zip(rows, places, strict=True)):
        return
    for row, place in zip(rows, places, strict=True):
        row.text = f"{row.text[:place]:<{column}}{row.text[place:]}"
        row.stops = [(stop, at + (column - place) * (at >= place)) for stop, at in row.stops]
