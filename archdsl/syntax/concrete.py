"""The text of a spec with nothing left out: every word in the tree of the grammar's rules, and the comments.

What the checker reads (`tree.py`) knows no brackets, no spelling of a number and no comments. A formatter needs them
all. Each comment belongs to a word: the one before it on its line, or else the next one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

import lark

from archdsl.diagnostics import Diagnostic
from archdsl.source import Source
from archdsl.syntax import brackets, tables, tree
from archdsl.syntax.parse import parse

Node: TypeAlias = "lark.Tree[lark.Token]"
_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*+"|#[^\n]*+')


@dataclass
class Comments:
    """Comments by the offset of the word that they belong to; `last` stand below all words."""

    above: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    beside: dict[int, str] = field(default_factory=dict)
    last: list[tuple[int, str]] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)


@dataclass
class Concrete:
    """A text that parses."""

    source: Source
    root: Node
    comments: Comments


def read(source: Source) -> tuple[Concrete | None, tree.File, list[Diagnostic]]:
    """A text with all that is in it, and the file that the checker reads; None and the problems where it is wrong."""
    file, problems = parse(source)
    if problems:
        return None, file, problems
    text = brackets.mended(source.text, brackets.scan(source)) + "\n"
    root: Any = _parser().parse(text, start="start")
    return Concrete(source, root, _attached(source.text, root)), file, []


def expression(text: str) -> Node:
    """The rules of an expression by itself: what stands in the braces of a name."""
    found: Any = _parser().parse(text, start="expression")
    assert isinstance(found, lark.Tree)
    return found


@cache
def _parser() -> lark.Lark:
    return tables.parser(lark.Transformer())


def comments(text: str) -> list[tuple[int, str]]:
    """All comments with their offsets, without spaces at their ends.

    comments("relu  # why")      # [(6, "# why")]
    """
    return [(match.start(), match[0].rstrip()) for match in _COMMENT.finditer(text) if match[0][0] == "#"]


def words(node: Node) -> list[lark.Token]:
    """The words below a rule, in order."""
    found: list[lark.Token] = []
    stack: list[Node | lark.Token] = [node]
    while stack:
        child = stack.pop()
        if isinstance(child, lark.Token):
            found += [child] if child.type != "_NEWLINE" else []
        else:
            stack += reversed(child.children)
    return found


def first_word(child: Node | lark.Token) -> lark.Token:
    """The word with which something starts: no rule of the grammar starts with a line break."""
    while isinstance(child, lark.Tree):
        child = child.children[0]
    return child


def last_word(child: Node | lark.Token) -> lark.Token:
    """The word with which something ends; a line break at its end is none."""
    while isinstance(child, lark.Tree):
        child = next(c for c in reversed(child.children) if not (isinstance(c, lark.Token) and c.type == "_NEWLINE"))
    return child


def _attached(text: str, root: Node) -> Comments:
    found = Comments()
    tokens = iter([*words(root), None])
    before: lark.Token | None = None
    following = next(tokens)
    for offset, comment in comments(text):
        found.offsets.append(offset)
        while following is not None and int(following.start_pos or 0) < offset:
            before, following = following, next(tokens)
        if before is not None and "\n" not in text[int(before.end_pos or 0) : offset]:
            found.beside[int(before.start_pos or 0)] = comment
        elif following is None:
            found.last.append((offset, comment))
        else:
            found.above.setdefault(int(following.start_pos or 0), []).append((offset, comment))
    return found
