"""Docstrings and comments that are safe whatever a spec says.

Any text can stand in them: quotes, backslashes, control characters, directions of writing, lone surrogates, and words
that Python would take for the encoding of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent, wrap

from archdsl.backends.python.layout import WIDTH
from archdsl.backends.python.literals import printable

_QUOTE = '"""'
_COOKIE = re.compile(r"coding[:=][ \t]*[-\w.]+")
"""What declares an encoding in a comment of the first two lines (PEP 263)."""


def docstring(text: str, indent: int) -> Iterator[str]:
    """The lines of a docstring, quotes included; none for a text without words.

    list(docstring("Adds.", 4))      # ['    \"\"\"Adds.\"\"\"']
    """
    margin = " " * indent
    rows = [piece for row in _escaped(text).split("\n") for piece in _wrapped(row, indent)]
    if rows == [""]:
        return
    if len(rows) == 1 and indent + 2 * len(_QUOTE) + len(rows[0]) <= WIDTH:
        yield f"{margin}{_QUOTE}{_closed(rows[0])}{_QUOTE}"
        return
    yield f"{margin}{_QUOTE}{rows[0]}"
    yield from (f"{margin}{row}".rstrip() for row in rows[1:])
    yield f"{margin}{_QUOTE}"


def comment(text: str) -> Iterator[str]:
    """The lines of a comment.

    list(comment("One\\n\\nTwo"))      # ["# One", "#", "# Two"]
    """
    yield from (f"# {printable(line)}".rstrip() for line in text.splitlines())


def heading(text: str) -> Iterator[str]:
    """The comment that a file begins with; a text that reads as if it declared an encoding comes after the true one.

    list(heading("from coding: latin-1"))      # ["# coding: utf-8", "# from coding: latin-1"]
    """
    lines = list(comment(text))
    if any(_COOKIE.search(line) for line in lines[:2]):
        yield "# coding: utf-8"
    yield from lines


def _closed(row: str) -> str:
    """A last row whose quote does not run into the closing ones."""
    bare = re.search(r'(?<!\\)(?:\\\\)*"$', row)
    return f'{row[:-1]}\\"' if bare else row


def _escaped(text: str) -> str:
    """The text with everything escaped that could end the docstring or does not print."""
    plain = dedent(text.expandtabs(4)).strip().replace("\\", "\\\\")
    return "\n".join(map(printable, plain.split("\n"))).replace(_QUOTE, '\\"\\"\\"')


def _wrapped(row: str, indent: int) -> list[str]:
    room = WIDTH - indent - len(_QUOTE)
    if len(row) <= room:
        return [row.rstrip()]
    lead = " " * (len(row) - len(row.lstrip()))
    return wrap(row.strip(), room, initial_indent=lead, subsequent_indent=lead, break_long_words=False) or [""]
