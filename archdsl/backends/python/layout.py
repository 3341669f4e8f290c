"""Lines no longer than 120 columns, broken where `ruff format` breaks them.

What is laid out is text with brackets, or a `Block`: a bracket whose items stand on lines of their own, with comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 120
STEP = 4

OPEN, CLOSE = "([{", ")]}"
PLACE = re.compile(r"\[\d+\]")


@dataclass(frozen=True)
class Block:
    """`head`, an item a line, each with a comma and possibly a comment, and `tail`.

    A comprehension has no commas. What folds stands on one line where that has room.
    """

    head: str
    items: tuple[tuple[Doc, str], ...]
    tail: str = ")"
    comma: str = ","
    folds: bool = False


Doc: TypeAlias = "str | Block"


def flat(doc: Doc) -> str:
    """The document on one line, without its comments."""
    if isinstance(doc, str):
        return doc
    return f"{doc.head}{f'{doc.comma} '.join(flat(item) for item, _ in doc.items)}{doc.tail}"


def lines(doc: Doc, indent: int, *, prefix: str = "", suffix: str = "", note: str = "") -> Iterator[str]:
    """The lines of a document at an indentation, with what stands before and after it.

    list(lines("F.relu(x)", 8, prefix="x = "))      # ["        x = F.relu(x)"]
    """
    margin = " " * indent
    if isinstance(doc, Block) and doc.folds and len(f"{margin}{prefix}{flat(doc)}{suffix}") <= WIDTH:
        doc = flat(doc)
    if isinstance(doc, Block):
        yield f"{margin}{prefix}{doc.head}"
        for item, item_note in doc.items:
            yield from lines(item, indent + STEP, suffix=doc.comma, note=item_note)
        yield _noted(f"{margin}{doc.tail}{suffix}", note)
        return
    line = f"{margin}{prefix}{doc}{suffix}"
    if len(line) <= WIDTH:
        yield _noted(line, note)
        return
    yield from _broken(doc, indent, prefix, suffix)


def _noted(line: str, note: str) -> str:
    noted = f"{line}  # {note}"
    return noted if note and len(noted) <= WIDTH else line


def _broken(text: str, indent: int, prefix: str, suffix: str) -> Iterator[str]:
    """The text split at its last bracket: its content on one line, or else each of its parts on one."""
    margin = " " * indent
    start = _last_bracket(text)
    if start is None:
        yield f"{margin}{prefix}{text}{suffix}"
        return
    end = _closing(text, start)
    inside, tail = text[start + 1 : end], text[end:]
    yield f"{margin}{prefix}{text[: start + 1]}"
    if indent + STEP + len(inside) <= WIDTH:
        yield f"{margin}{' ' * STEP}{inside}"
    else:
        for part in parts(inside):
            yield from lines(part, indent + STEP, suffix=",")
    yield f"{margin}{tail}{suffix}"


def parts(inside: str) -> list[str]:
    """The items between a pair of brackets.

    parts("a, f(b, c)")      # ["a", "f(b, c)"]
    """
    found, depth, start = [], 0, 0
    for index, char in _code(inside):
        depth += (char in OPEN) - (char in CLOSE)
        if char == "," and depth == 0:
            found.append(inside[start:index].strip())
            start = index + 1
    return [*found, inside[start:].strip()] if inside[start:].strip() else found


def sums(operands: Sequence[str], symbol: str, room: int) -> Iterator[list[str]]:
    """The operands in groups that fit into a line each.

    list(sums(["a", "b", "c"], "+", 5))      # [["a", "b"], ["c"]]
    """
    group: list[str] = []
    for operand in operands:
        if group and len(f" {symbol} ".join([*group, operand])) > room:
            yield group
            group = []
        group.append(operand)
    yield group


def _last_bracket(text: str) -> int | None:
    """Where the last outermost bracket opens that holds more than nothing or a number: in `f(x)[0]` the first."""
    depth, found = 0, None
    for index, char in _code(text):
        if char in OPEN:
            if depth == 0 and text[index + 1] not in CLOSE and not PLACE.match(text, index):
                found = index
            depth += 1
        elif char in CLOSE:
            depth -= 1
    return found


def _closing(text: str, start: int) -> int:
    depth = 0
    for index, char in _code(text):
        if index >= start:
            depth += (char in OPEN) - (char in CLOSE)
            if depth == 0:
                return index
    raise AssertionError(f"an open bracket in {text}")


def _code(text: str) -> Iterator[tuple[int, str]]:
    """The characters outside of string literals, with their places."""
    quote, escaped = "", False
    for index, char in enumerate(text):
        if quote:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        else:
            yield index, char
