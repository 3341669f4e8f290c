"""The automaton reads what Lark reads: the same tree, or the same mistake at the same place.

Lark itself parses each text here, with its own tables and its own lexers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import lark
import parser_tables
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.error_pages import PAGES, read
from support.hostile_specs import TEXTS
from support.places import ROOT
from support.spec_strategies import network

from archdsl.syntax.automaton import UNREADABLE, Unexpected, Word, run
from archdsl.syntax.concrete import Node
from archdsl.syntax.tables import TABLES
from archdsl.syntax.words import RESERVED

GRAMMAR = parser_tables.GRAMMAR.read_text(encoding="utf-8")
FILES = {path.name: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("specs/*.arch"))}
PIECES = (
    *"()[]{}|,:=.+-*/%<>\n\"#;'\\@ \t\r\x00é",
    "->",
    "**",
    "//",
    "==",
    " int ",
    " in ",
    "layer{i}",
    "{i + 1}",
    "2.5",
)


@cache
def parser() -> lark.Lark:
    def keyword(token: lark.Token) -> lark.Token:
        return token.update(type=token.value.upper()) if token.value in RESERVED else token

    return parser_tables.parser(
        GRAMMAR, lexer="contextual", lexer_callbacks={"NAME": keyword}, _plugins={"ContextualLexer": FewLexers}
    )


class FewLexers(lark.lexer.ContextualLexer):
    """Lark's contextual lexer, with one lexer for all states that share a context in our tables."""

    def __init__(self, conf: Any, states: dict[int, Any], always_accept: Any = ()) -> None:
        shared: dict[tuple[bool, ...], set[str]] = {}
        for accepts in states.values():
            shared.setdefault(parser_tables.context(accepts), set()).update(accepts)
        super().__init__(
            conf, {n: shared[parser_tables.context(accepts)] for n, accepts in states.items()}, always_accept
        )


def flat(root: Any) -> Iterator[tuple[Any, ...]]:
    """The rules and the words of a tree in their order, each rule with how much it holds."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Word):
            yield node.kind, node.text, node.start, node.end
        elif isinstance(node, lark.Token):
            yield node.type, str(node), node.start_pos, node.end_pos
        else:
            yield str(node.data) if isinstance(node, lark.Tree) else node.rule, len(node.children)
            stack += reversed(node.children)


Outcome = list[tuple[Any, ...]] | tuple[str, str, int, set[str]]


def read_by_lark(text: str, start: str) -> Outcome:
    try:
        return list(flat(parser().parse(text, start=start)))
    except lark.UnexpectedToken as error:
        return error.token.type, str(error.token), error.token.start_pos, error.accepts or error.expected
    except lark.UnexpectedCharacters as error:
        return UNREADABLE, "", error.pos_in_stream, error.allowed


def read_by_us(text: str, start: str) -> Outcome:
    try:
        return list(flat(run(TABLES, text, start, Node)))
    except Unexpected as error:
        return error.word.kind, error.word.text, error.word.start, error.accepted


def agree(text: str, start: str = "start") -> None:
    assert read_by_us(text, start) == read_by_lark(text, start), text


def damaged(text: str, chance: random.Random) -> str:
    """A text with a stretch taken out, set elsewhere, or another sign in its place."""
    first = chance.randrange(len(text))
    last = first + chance.choice([0, 1, 1, 2, 5, 20])
    piece = chance.choice(["", chance.choice(PIECES), text[(place := chance.randrange(len(text))) : place + 8]])
    return text[:first] + piece + text[last:]


@pytest.mark.parametrize("name", FILES)
def test_the_zoo_and_what_becomes_of_it(name: str) -> None:
    agree(FILES[name] + "\n")
    chance = random.Random(name)
    for _ in range(12):
        agree(damaged(FILES[name], chance) + "\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_specs_with_mistakes(page: Path) -> None:
    for case in read(page):
        for text in case.files.values():
            agree(text + "\n")


def test_hostile_texts() -> None:
    for text, _ in TEXTS.values():
        if len(text) < 10_000:
            agree(text)


@given(network(), st.randoms())
def test_generated_specs(text: str, chance: random.Random) -> None:
    agree(text)
    agree(damaged(text, chance))


@given(st.lists(st.sampled_from([*PIECES, "x", "1", " if ", " else ", " and ", "not "]), max_size=12).map("".join))
@settings(max_examples=300)
def test_expressions(text: str) -> None:
    agree(text, "expression")


@given(st.lists(st.sampled_from([*PIECES, *RESERVED, " ", "x", "1"]), max_size=12).map(" ".join))
@settings(max_examples=300)
def test_words_in_any_order(text: str) -> None:
    agree(text)
    agree("network t {\n" + text + "\n}\n")


def test_every_sign_at_every_kind_of_place() -> None:
    """Whatever the grammar accepts at a place, and whatever it does not."""
    for name in ("unet.arch", "resnet.arch"):
        text = FILES[name]
        for word, _, start, end in [entry for entry in read_by_us(text, "start") if len(entry) == 4][::9]:
            assert word
            for piece in PIECES[::3]:
                agree(text[:start] + piece + text[end : end + 200])


def test_threads_read_at_once() -> None:
    texts = list(FILES.values()) * 3
    alone = [read_by_us(text, "start") for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read_by_us, texts, ["start"] * len(texts))) == alone
