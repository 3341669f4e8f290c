"""Texts, and places in them.

A `Source` is one text with a name to show; a `Span` is a stretch of it. Lines and columns count from 1, columns
count characters. Nothing here knows what the text means.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from archdsl.record import Entity, Record

_UNSEEN = "\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff"

FORBIDDEN = re.compile(rf"[{_UNSEEN}]|\r(?!\n)")
"""What no spec holds: control characters, breaks of lines that are not seen as such, turned directions, surrogates."""

SPEAKING = re.compile(rf"[{_UNSEEN}\t\n\f\r]|^(?=\s*::)\s*:|#(?=#\w*\[)")
"""What speaks to a terminal, or to the service that shows a log: `::error::` first in a line, `##[…]` anywhere."""


def visible(text: str) -> str:
    r"""A text that others chose, fit for one line of a terminal, a log or a table: what would act is escaped.

    visible("a\nb\x1b[31m.arch")      # r"a\nb\x1b[31m.arch"
    visible("::error::x.arch")       # r"\x3a:error::x.arch"

    A byte of a file's name that is no text (a surrogate of Python's) is shown as that byte, `\xff`.
    """
    return SPEAKING.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    """The characters as Python writes them in a string."""
    return "".join(_ESCAPES.get(char) or _number(ord(char)) for char in match[0])


_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r", " ": " "}


def _number(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


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
        return f"{visible(self.source.name)}:{line}:{column}"
