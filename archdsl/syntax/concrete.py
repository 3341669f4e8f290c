"""The text of a spec with nothing left out: every word in the tree of the grammar's rules, and the comments.

What the checker reads (`tree.py`) knows no brackets, no spelling of a number and no comments. A formatter needs them
all. Each comment belongs to a word: the one before it on its line, or else the next one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from archdsl.diagnostics import Diagnostic
from archdsl.source import Source
from archdsl.syntax import brackets, tree
from archdsl.syntax.automaton import Word, run
from archdsl.syntax.parse import parse
from archdsl.syntax.tables import TABLES

_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*+"|#[^\n]*+')


class Node:
    """A rule of the grammar, and the words and rules that it holds."""

    __slots__ = ("children", "rule")

    def __init__(self, rule: str, children: list[Child]) -> None:
        self.rule = rule
        self.children = children


Child: TypeAlias = Node | Word


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
    root: Node = run(TABLES, text, "start", Node)
    return Concrete(source, root, _attached(source.text, root)), file, []


def expression(text: str) -> Node:
    """The rules of an expression by itself: what stands in the braces of a name."""
    found: Node = run(TABLES, text, "expression", Node)
    return found


def comments(text: str) -> list[tuple[int, str]]:
    """All comments with their offsets, without spaces at their ends.

    comments("relu  # why")      # [(6, "# why")]
    """
    return [(match.start(), match[0].rstrip()) for match in _COMMENT.finditer(text) if match[0][0] == "#"]


def words(node: Node) -> list[Word]:
    """The words below a rule, in order."""
    found: list[Word] = []
    stack: list[Child] = [node]
    while stack:
        child = stack.pop()
        if isinstance(child, Word):
            found += [child] if child.kind != "_NEWLINE" else []
        else:
            stack += reversed(child.children)
    return found


def first_word(child: Child) -> Word:
    """The word with which something starts: no rule of the grammar starts with a line break."""
    while isinstance(child, Node):
        child = child.children[0]
    return child


def last_word(child: Child) -> Word:
    """The word with which something ends; a line break at its end is none."""
    while isinstance(child, Node):
        child = next(c for c in reversed(child.children) if not (isinstance(c, Word) and c.kind == "_NEWLINE"))
    return child


def _attached(text: str, root: Node) -> Comments:
    found = Comments()
    tokens = iter([*words(root), None])
    before: Word | None = None
    following = next(tokens)
    for offset, comment in comments(text):
        found.offsets.append(offset)
        while following is not None and following.start < offset:
            before, following = following, next(tokens)
        if before is not None and "\n" not in text[before.end : offset]:
            found.beside[before.start] = comment
        elif following is None:
            found.last.append((offset, comment))
        else:
            found.above.setdefault(following.start, []).append((offset, comment))
    return found
