"""Pygments and TextMate colour a spec by what the compiler reads in it: compared, word by word, with the tree."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator

import pytest
from babi.highlight import Compiler, Grammar, Grammars, highlight_line
from pygments.lexers import get_lexer_for_filename
from pygments.token import Comment, Error, Keyword, Name, Operator, String, Token
from support.places import ROOT

from archdsl.highlighting import ArchLexer
from archdsl.record import Record
from archdsl.source import Source
from archdsl.syntax import tree
from archdsl.syntax.parse import parse
from archdsl.syntax.words import RESERVED

EXTENSION = ROOT / "editors" / "vscode"
SYNTAX = EXTENSION / "syntaxes" / "arch.tmLanguage.json"
SPECS = sorted([*ROOT.glob("specs/*.arch"), *ROOT.glob("examples/*.arch"), *ROOT.glob("tests/light/*.arch")])
EVERYTHING = """\
from "blocks.arch" import basic, other  # what others wrote

fn half(x) = x // 2 if x > 1 else not_named(x)
block twice(channels, kernel=3) : [N, C, H, W] -> [N, channels, H, W] {
    with conv(kernel=kernel, bias=false), relu(inplace=true) {
        conv(channels,
             padding=kernel // 2) -> relu -> conv(
            channels)
    }
    a, b = chunk(2)
    "quoted name" = relu
}
network T(classes=4.2K, rate=1e-3) {
    input tokens: int [N, T] where T >= 2, T % 2 == 0
    shared head = linear(classes)
    repeat 2 { inline twice(in.channels) }
    for (i, n), m in zip([1], [2]) { layer{i + 1}_x = twice(n, kernel=m) : [N, n] }
    if true and not false { dropout(rate) } else { identity }
    sub { | head | layer{1 + 1}_x -> relu
          | }
    output logits = head
    expect params <= 1_000 or none == "text \\" # no comment"
}
"""


class Word(Record):
    """A piece of a text with the kind that a highlighter gives it."""

    start: int
    text: str
    kind: str


KINDS = {Name.Function: "stage", Name.Variable: "key", Comment: "comment", String.Doc: "comment", String: "string"}


def by_pygments(text: str) -> list[Word]:
    """What Pygments sees; every character once."""
    words, place = [], 0
    for token, piece in ArchLexer(stripnl=False, ensurenl=False).get_tokens(text):
        kind = next((kind for sort, kind in KINDS.items() if token in sort and token is not String.Interpol), "")
        if token in Keyword or token is Operator.Word or token is Name.Builtin.Pseudo:
            kind = "keyword"
        assert token is not Error and token is not Token.Error, f"{piece!r} in {text[place - 40 : place + 40]!r}"
        words.append(Word(place, piece, kind))
        place += len(piece)
    assert "".join(word.text for word in words) == text
    return words


SCOPES = {
    "entity.name.function.stage.arch": "stage",
    "entity.name.function.arch": "stage",
    "variable.parameter.arch": "key",
    "variable.other.layer.arch": "key",
    "string.quoted.double.arch": "string",
}


def by_textmate(text: str) -> list[Word]:
    """What an editor sees, through an engine of TextMate grammars."""
    compiled = Compiler(Grammar.make(json.loads(SYNTAX.read_text(encoding="utf-8"))), Grammars())
    state, words, place = compiled.root_state, [], 0
    for line in text.splitlines(keepends=True):
        state, regions = highlight_line(compiled, state, line, first_line=place == 0)
        for region in regions:
            scope = region.scope[-1] if len(region.scope) > 1 else ""
            kind = SCOPES.get(scope, "")
            if any(name.startswith("string.") for name in region.scope):
                kind = "string"
            if scope.startswith("comment."):
                kind = "comment"
            if re.match(
                r"keyword\.(control|declaration|operator\.word)|constant\.language|storage|variable\.lang", scope
            ):
                kind = "keyword"
            words.append(Word(place + region.start, line[region.start : region.end], kind))
        place += len(line)
    return words


def nodes(value: object) -> Iterator[tree.Tree]:
    """Every node below a value."""
    if isinstance(value, tuple):
        for item in value:
            yield from nodes(item)
    elif isinstance(value, Record | tree.Tree):
        if isinstance(value, tree.Tree):
            yield value
        for name in type(value)._fields:
            yield from nodes(getattr(value, name))


@pytest.mark.parametrize("highlight", [by_pygments, by_textmate])
@pytest.mark.parametrize(
    "text",
    [*(path.read_text(encoding="utf-8") for path in SPECS), EVERYTHING],
    ids=[*(path.stem for path in SPECS), "everything"],
)
def test_words_are_what_the_compiler_reads(text, highlight):
    file, problems = parse(Source("t.arch", text))
    assert not problems
    words = highlight(text)
    starts = [word.start for word in words]

    def kind_at(place: int) -> str:
        return words[bisect_right(starts, place) - 1].kind

    applied = [node for node in nodes(file.items) if isinstance(node, tree.Apply | tree.Branch)]
    for node in applied:
        if isinstance(node.name.parts[0], str) and len(node.name.parts) == 1:
            assert kind_at(node.name.span.start) == "stage", node.name.span.text
    for link in (node for node in nodes(file.items) if isinstance(node, tree.Link)):
        for name in link.names:
            assert kind_at(name.span.start) == ("string" if name.span.text.startswith('"') else "key"), name.span.text
    for node in nodes(file.items):
        if isinstance(node, tree.Name):
            assert kind_at(node.span.start) not in ("keyword", "comment", "string"), node.span.text
    for word in words:
        if word.kind == "keyword":
            assert set(re.findall(r"\w+", word.text)) <= RESERVED | {"int"}, word.text
        elif word.kind != "comment" and word.kind != "string":
            assert not set(re.findall(r"\w+", word.text)) & RESERVED, word.text


def test_pygments_finds_the_lexer_where_the_package_is_installed():
    from importlib.metadata import entry_points

    if "archdsl" not in {entry.name for entry in entry_points(group="console_scripts")}:
        pytest.skip("archdsl is not installed here, and entry points belong to installed packages")
    assert isinstance(get_lexer_for_filename("x.arch"), ArchLexer)


def test_the_extension_names_files_that_are_there():
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    for language in package["contributes"]["languages"]:
        json.loads((EXTENSION / language["configuration"]).read_text(encoding="utf-8"))
        assert ".arch" in language["extensions"]
    for grammar in package["contributes"]["grammars"]:
        scope = json.loads((EXTENSION / grammar["path"]).read_text(encoding="utf-8"))["scopeName"]
        assert scope == grammar["scopeName"]


def test_an_editor_finds_the_places_that_a_check_tells():
    from archdsl.compiler import check
    from archdsl.diagnostics.render import render

    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    (matcher,) = package["contributes"]["problemMatchers"]
    report = check("network t {\n    input x: [N, 4]\n    lineear(3)\n}\n")
    first, second = render(report.problems).splitlines()[:2]
    kind, place = (
        re.match(pattern["regexp"], line) for pattern, line in zip(matcher["pattern"], (first, second), strict=True)
    )
    assert kind and place
    assert kind.groups()[:2] == ("error", "unknown-name")
    assert place.groups() == ("<text>", "3", "5")
