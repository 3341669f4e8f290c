"""One mistake, one diagnostic: specs of the zoo with one slip each, drawn by chance and always the same.

A slip takes an arm, a stage, a line, an argument or a sign away, swaps two letters of a word, or adds one to a number.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest
from support.places import SPECS

from archdsl.compiler import check_source
from archdsl.diagnostics.render import render
from archdsl.source import Source

EACH = 2
"""Slips of a kind in a file."""

LOST = {
    "an arm": r"^[ \t]*\|[^\n]*\n",
    "a stage": r"(?<=-> )[^\n>]*? ->|-> [^\n>|}]*$",
    "an argument": r", (?:stride|padding|groups|kernel|bias)=[^,()\n]*(?=[,)])",
    "a sign": r"[()\[\]{},|]|->",
    "a line": r"^[^\n#]+\n",
}
SWAPPED = re.compile(r'(?<![\w"#])([a-z])(\w)(\w)(\w+)(?!\w)')
NUMBER = re.compile(r"(?<![\w.#])\d+(?![\w.])")


def slips(text: str) -> Iterator[tuple[str, str]]:
    chance = random.Random(len(text))
    kinds = {name: [(m, "") for m in re.finditer(pattern, text, re.M)] for name, pattern in LOST.items()}
    kinds["a word"] = [(m, m[1] + m[3] + m[2] + m[4]) for m in SWAPPED.finditer(text)]
    kinds["a number"] = [(m, str(int(m[0]) + 1)) for m in NUMBER.finditer(text)]
    for kind, found in kinds.items():
        code = [(m, new) for m, new in found if "#" not in text[text.rfind("\n", 0, m.start()) + 1 : m.start()]]
        for match, new in chance.sample(code, min(EACH, len(code))):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{kind} in line {line}", text[: match.start()] + new + text[match.end() :]


def test_a_slip_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SPECS)
    told: dict[str, int] = {}
    shown: list[str] = []
    for path in sorted(SPECS.glob("*.arch")):
        for name, text in slips(path.read_text(encoding="utf-8")):
            errors = [p for p in check_source(Source(path.name, text)).problems if p.is_error]
            told[f"{path.name}: {name}"] = len(errors)
            shown += [f"{path.name}: {name}\n{render(errors)}"] if len(errors) > 1 else []
    assert len(told) > 100
    assert max(told.values()) <= 2, "\n\n".join(shown)
    assert len(shown) <= len(told) / 50, "\n\n".join(shown)
