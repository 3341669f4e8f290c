"""A table that is no wider than the terminal that shows it: its words are cut, then what can be missed is left out.

Takes rows of cells, returns rows of cells; which columns hold words and which can be missed is for the table to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from archdsl.reports.columns import GAP

LEAST = 12
"""What a column of words keeps."""


def fitted(
    rows: Sequence[Sequence[str]], width: int, words: int, spare: Sequence[tuple[int, ...]], until: str
) -> list[Sequence[str]]:
    """Rows that take at most `width` characters, unless they cannot.

        rows = [["layer2.0.conv1", "conv(64, kernel=3)", "1.5"]]
        fitted(rows, 32, words=2, spare=(), until="…")      # [["layer2.0.con…", "conv(64, ke…", "1.5"]]

    The longest of the first `words` columns are cut and end in `until`. Where that is not enough columns are left out,
    one group of `spare` after another; a figure is never cut.
    """
    for left_out in accumulate(spare, initial=()):
        kept = [[cell for place, cell in enumerate(row) if place not in left_out] for row in rows]
        widths = _cut([max(map(len, column)) for column in zip(*kept, strict=True)], width, words)
        if _total(widths) <= width:
            break
    return [[_shortened(cell, room, until) for cell, room in zip(row, widths, strict=True)] for row in kept]


def _cut(widths: list[int], width: int, words: int) -> list[int]:
    """Widths of columns, with those of words narrowed, the widest first, until all fit."""
    found = list(widths)
    while _total(found) > width:
        widest = max(range(words), key=found.__getitem__)
        if found[widest] <= LEAST:
            break
        found[widest] -= 1
    return found


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _shortened(cell: str, room: int, until: str) -> str:
    return cell if len(cell) <= room else cell[: room - len(until)] + until
