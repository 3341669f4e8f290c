"""Mistakes as people make them, and what archdsl says of each: the pages that `error_pages` reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.error_pages import BLOCK, CASES, Case, fixed, place, problems

from archdsl.diagnostics.render import render

MEANT = re.compile(r"^did you mean (\w+)\?$")
FIXED = [case for case in CASES if case.fix]


def name(case: Case) -> str:
    return f"{case.page.stem}: {case.title}"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each case lies in a project of its own."""
    (tmp_path / "archdsl.toml").touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("case", CASES, ids=name)
def test_place_and_words(case: Case, pytestconfig: pytest.Config) -> None:
    found = problems(case, case.files)
    assert sorted(place(problem) for problem in found) == sorted(case.marks), render(found)
    rendered = "".join(f"{line.rstrip()}\n" for line in render(found).splitlines())
    if pytestconfig.getoption("--update-golden"):
        _rewrite(case, rendered)
    else:
        assert case.errors == rendered


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.fix], ids=lambda case: f"{case.page.stem}: {case.title}"
)
def test_fix(case: Case) -> None:
    """What the help proposes passes the check."""
    found = problems(case, fixed(case))
    assert not found, render(found)
    added = [line for line in (case.fix or "").splitlines() if line.startswith("+")]
    for problem in problems(case, case.files):
        meant = MEANT.match(problem.problem.help())
        assert not meant or any(re.search(rf"\b{meant[1]}\b", line) for line in added), f"{meant[1]} is not tried"


def test_there_are_enough() -> None:
    assert len(CASES) == len(set(map(name, CASES))) >= 120
    assert len(FIXED) >= 60


def _rewrite(case: Case, rendered: str) -> None:
    """Put what the compiler says now behind the spec."""
    block = f"```errors\n{rendered}```"
    body = re.sub(r"^```errors\n.*?^```$", lambda _: block, case.body, flags=re.M | re.S)
    if "\n```errors\n" not in case.body:
        last = [match for match in BLOCK.finditer(case.body) if match[1] == "arch"][-1]
        body = f"{case.body[: last.end()]}\n{block}{case.body[last.end() :]}"
    text = case.page.read_text(encoding="utf-8")
    case.page.write_text(text.replace(f"## {case.body}", f"## {body}"), encoding="utf-8")
