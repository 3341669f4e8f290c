"""Rows of cells as columns of text: words to the left, figures to the right."""

from __future__ import annotations

from collections.abc import Sequence

GAP = 2
"""Blanks between columns."""


def columns(rows: Sequence[Sequence[str]], words: int) -> list[str]:
    """A line for each row; the first `words` columns hold words.

    columns([["conv", "1.5"], ["relu", "12.0"]], words=1)      # ["conv   1.5", "relu  12.0"]
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append((" " * GAP).join(cells).rstrip())
    return lines
