"""Laying out text: pieces that know where they may be broken become lines that fit.

A document is a string, a list of documents, or one of the classes below. Groups are set on one line where what stands
up to the next line break fits, and are broken at all of their own lines otherwise (Wadler, 'A prettier printer', 2003).
Comments are pieces of their own: nothing follows a trailing one on its line, and one above stands on a line by itself.
Knows nothing of the language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from archdsl.record import Record

WIDTH = 120
STEP = 4


class Line(Record):
    """A place for a line break; `flat` is what stands there in a group that is set on one line."""

    flat: str


SPACE, NOTHING = Line(" "), Line("")


class Always(Record):
    """A line break in any case; an empty line above what follows where it is `blank`."""

    blank: bool = False


HARD, BLANK = Always(), Always(blank=True)


class Group(Record):
    """Set on one line if it fits, unless it is `broken` anyway."""

    content: Document
    broken: bool = False


class Indent(Record):
    """Lines in it start further right."""

    content: Document
    by: int = STEP


class IndentIfBroken(Record):
    """Lines in it start further right if the group around it is broken."""

    content: Document
    by: int = STEP


class IfBroken(Record):
    """A sign that stands only in a broken group: the comma after the last of several."""

    sign: str


class Glue(Record):
    """A sign that belongs to what is before it, also where a comment follows that: a comma."""

    sign: str


class Trailing(Record):
    """A comment that ends its line."""

    comment: str


class Above(Record):
    """Comments on lines of their own."""

    comments: tuple[str, ...]


class Stop(Record):
    """A place that may be set below the same place of the line above; `is_wide` where its author did."""

    kind: str
    is_wide: bool = False


Document: TypeAlias = (
    "str | list[Document] | Line | Always | Group | Indent | IndentIfBroken | IfBroken | Glue | Trailing | Above | Stop"
)


@dataclass
class Row:
    """A line: its text after the indent, the comment that ends it, and its stops with their places in the text."""

    indent: int
    text: str = ""
    comment: str = ""
    stops: list[tuple[Stop, int]] = field(default_factory=list)

    @property
    def is_blank(self) -> bool:
        return not self.text.strip() and not self.comment


Command: TypeAlias = "tuple[int, bool, Document]"


def lay_out(document: Document, indent: int = 0) -> list[Row]:
    """The lines of a document.

    lay_out(Group(["f(", Indent([NOTHING, "x"]), NOTHING, ")"]))      # one row: f(x)
    """
    rows = [Row(indent)]
    stack: list[Command] = [(indent, True, document)]
    while stack:
        column, broken, item = stack.pop()
        row = rows[-1]
        if isinstance(item, list):
            stack += ((column, broken, part) for part in reversed(item))
        elif isinstance(item, str):
            if row.comment:
                row = _next(rows, column + STEP)
            row.text += item
        elif isinstance(item, Glue | IfBroken):
            row.text += item.sign if broken or isinstance(item, Glue) else ""
        elif isinstance(item, Line | Always):
            if isinstance(item, Always) or broken or row.comment:
                _next(rows, column, blank=item == BLANK)
            else:
                row.text += item.flat
        elif isinstance(item, Group):
            fits = not item.broken and _fits(WIDTH - row.indent - len(row.text), item.content, stack)
            stack.append((column, not fits, item.content))
        elif isinstance(item, Indent):
            stack.append((column + item.by, broken, item.content))
        elif isinstance(item, IndentIfBroken):
            stack.append((column + item.by * broken, broken, item.content))
        elif isinstance(item, Trailing):
            row = _next(rows, column) if row.comment else row
            row.comment = item.comment
        elif isinstance(item, Above):
            for comment in item.comments:
                _next(rows, column).comment = comment
            _next(rows, column)
        else:
            row.stops.append((item, len(row.text)))
    return rows


def _next(rows: list[Row], indent: int, blank: bool = False) -> Row:
    """A line to go on with, below an empty one if it is to be `blank` above; a line that is still empty serves."""
    if not rows[-1].is_blank:
        rows += [Row(indent), Row(indent)] if blank else [Row(indent)]
    elif blank and len(rows) > 1:
        rows.append(Row(indent))
    rows[-1].indent = indent
    return rows[-1]


def _fits(room: int, content: Document, rest: Sequence[Command]) -> bool:
    """Whether a document, flat, and what follows it have room up to the next line break."""
    stack: list[tuple[bool, Document]] = [(False, content)]
    following = len(rest)
    while room >= 0:
        if not stack:
            if following == 0:
                return True
            following -= 1
            stack.append(rest[following][1:])
        broken, item = stack.pop()
        if isinstance(item, list):
            stack += ((broken, part) for part in reversed(item))
        elif isinstance(item, str):
            room -= len(item)
        elif isinstance(item, Glue | IfBroken):
            room -= len(item.sign) if broken or isinstance(item, Glue) else 0
        elif isinstance(item, Line):
            if broken:
                return True
            room -= len(item.flat)
        elif isinstance(item, Group):
            stack.append((broken or item.broken, item.content))
        elif isinstance(item, Indent | IndentIfBroken):
            stack.append((broken, item.content))
        elif not isinstance(item, Stop):
            return True
    return False
