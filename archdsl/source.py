"""Texts, and places in them.

A `Source` is one text with a name to show; a `Span` is a stretch of it. Lines and columns count from 1, columns
count characters. Nothing here knows what the text means.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from archdsl.record import Entity, Record


class Source(Entity):
    """One text and the name it is shown under.

    Source("lenet.arch", "network t { relu }").position(8)      # (1, 9)
    """

    name: str
    text: str

    def __repr__(self) -> str:
        return f"Source({self.name!r})"

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(i + 1 for i, char in enumerate(self.text) if char == "\n")]

    def position(self, offset: int) -> tuple[int, int]:
        """The line and the column of a character."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, without its line break."""
        start = self._starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r")

    @property
    def lines(self) -> int:
        return len(self._starts)


class Span(Record):
    """Characters `start` up to, not including, `end` of a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def begin(self) -> tuple[int, int]:
        """Line and column of the first character."""
        return self.source.position(self.start)

    @property
    def finish(self) -> tuple[int, int]:
        """Line and column just past the last character."""
        return self.source.position(self.end)

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of another in the same source."""
        return Span(self.source, self.start, other.end)

    def __str__(self) -> str:
        line, column = self.begin
        return f"{self.source.name}:{line}:{column}"
