"""Running the parser's tables: from a text to its words, and from the words to what is made of them, rule by rule.

The automaton keeps a stack of states. The top one says how the text goes on (whether a line break is a word or a space
depends on where it stands), and where a word leads: to another state, or first to a rule that is complete. Nothing
recurses, so that nesting costs no stack, and nothing is shared between two runs but what never changes. Knows neither
the grammar nor how its tables are made.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeAlias

from archdsl.record import Entity

END, UNREADABLE = "$END", ""
"""The kinds of what stands after the last word, and of a sign that starts no word."""

Rule: TypeAlias = "tuple[str, int, str, bool, tuple[bool, ...]]"
"""(origin, size, name, is_thin, spliced): `size` things in a row are an `origin`, made under that `name`.

Without a name it is a plain list. A thin rule leaves a lone thing as it is. `spliced` tells of each thing whether it is
such a list, whose items take its place; it is empty where none is.
"""


class Tables(Entity):
    """The automaton of a grammar, as plain data.

    `rows` tell of each state where a word or an origin leads: to state n, or with ~n to the rule n, which is complete.
    `contexts` tell of each state which of the `patterns` (its groups are kinds of words) and which of the `keywords`
    (texts with a kind of their own) read the text there. The last pattern takes every word there is.
    """

    rows: list[dict[str, int]]
    rules: list[Rule]
    starts: dict[str, int]
    ends: dict[str, int]
    contexts: list[int]
    patterns: list[str]
    keywords: list[dict[str, str]]
    ignored: tuple[str, ...]

    @cached_property
    def compiled(self) -> list[re.Pattern[str] | None]:
        """The patterns that were needed so far; a short text needs few, and each takes a while to compile."""
        return [None] * len(self.patterns)

    def pattern(self, context: int) -> re.Pattern[str]:
        compiled = self.compiled[context]
        if compiled is None:
            compiled = self.compiled[context] = re.compile(self.patterns[context])
        return compiled


class Word:
    """A word of a text, and where it stands."""

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Word({self.kind!r}, {self.text!r}, {self.start}, {self.end})"


class Unexpected(Exception):
    """A word that can't stand where it does, and the kinds of those that could.

    What stands after the last word is placed where that one starts.
    """

    def __init__(self, word: Word, accepted: set[str]) -> None:
        super().__init__(word, accepted)
        self.word = word
        self.accepted = accepted


def run(tables: Tables, text: str, start: str, make: Callable[[str, list[Any]], Any]) -> Any:
    """What `make` makes of a text; it is given the name of each rule, innermost first, and what the rule holds.

    run(tables, "a + 1", "expression", lambda name, children: (name, *children))
    # ("sum_", ("name", Word("NAME", "a", 0, 1)), Word("SIGN", "+", 2, 3), ("literal", Word("INT", "1", 4, 5)))

    Raises `Unexpected` at the first word that the grammar has no place for.
    """
    rows, rules, contexts, compiled = tables.rows, tables.rules, tables.contexts, tables.compiled
    states = [tables.starts[start]]
    values: list[Any] = []
    place = last = 0
    while True:
        context = contexts[states[-1]]
        found = (compiled[context] or tables.pattern(context)).match(text, place)
        if found is not None:
            kind = found.lastgroup or UNREADABLE
            if kind in tables.ignored:
                place = found.end()
                continue
            piece = found[0]
            kind = tables.keywords[context].get(piece, kind)
            last, place = place, found.end()
            word = Word(kind, piece, last, place)
        elif place == len(text):
            kind = END
            word = Word(END, "", last, place)
        else:
            raise _unreadable(tables, text, place, states, tables.ends[start])
        while (action := rows[states[-1]].get(kind)) is None or action < 0:
            if action is None:
                if kind == END and states[-1] == tables.ends[start]:
                    return values[-1]
                raise Unexpected(word, _accepted(tables, states, tables.ends[start]))
            origin, size, name, is_thin, spliced = rules[~action]
            if is_thin and size == 1 and not spliced:
                states[-1] = rows[states[-2]][origin]
                continue
            cut = len(values) - size
            children = values[cut:]
            del states[cut + 1 :], values[cut:]
            if spliced:
                children = _spliced(children, spliced)
            if is_thin and len(children) == 1:
                values.append(children[0])
            else:
                values.append(make(name, children) if name else children)
            states.append(rows[states[-1]][origin])
        states.append(action)
        values.append(word)


def _spliced(children: list[Any], spliced: tuple[bool, ...]) -> list[Any]:
    """The children, with items in the place of lists. A list that comes first grows: long rows are not copied."""
    row: list[Any] = children[0] if spliced[0] else [children[0]]
    for child, is_list in zip(children[1:], spliced[1:], strict=True):
        if is_list:
            row += child
        else:
            row.append(child)
    return row


def _accepted(tables: Tables, states: list[int], end: int) -> set[str]:
    """The kinds of words that could come next; a state's row alone names some that fail at a later state."""
    kinds = {kind for kind in tables.rows[states[-1]] if kind.isupper()}
    return {kind for kind in kinds if _leads_on(tables, states[:], kind, end)} or kinds


def _leads_on(tables: Tables, states: list[int], kind: str, end: int) -> bool:
    while (action := tables.rows[states[-1]].get(kind)) is not None and action < 0:
        origin, size, *_ = tables.rules[~action]
        del states[len(states) - size :]
        states.append(tables.rows[states[-1]][origin])
    return action is not None or (kind == END and states[-1] == end)


def _unreadable(tables: Tables, text: str, place: int, states: list[int], end: int) -> Unexpected:
    """The mistake at a place where no word starts that is read there: it may be one that is read elsewhere."""
    context = tables.contexts[states[-1]]
    found = tables.pattern(-1).match(text, place)
    if found is None or found.lastgroup is None:
        return Unexpected(
            Word(UNREADABLE, "", place, place), set(tables.pattern(context).groupindex).difference(tables.ignored)
        )
    kind = tables.keywords[-1].get(found[0], found.lastgroup)
    return Unexpected(Word(kind, found[0], place, found.end()), _accepted(tables, states, end))
