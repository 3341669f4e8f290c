"""The reference: its examples do what they say, and the pages made from the sources are up to date."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.doc_examples import ProblemExample, op_examples, problem_examples
from support.places import ROOT

import archdsl
from archdsl.cli import main
from archdsl.compiler import Report, check_source
from archdsl.diagnostics import PROBLEMS, Diagnostic
from archdsl.diagnostics.page import page
from archdsl.diagnostics.render import as_json, render
from archdsl.limits import limited
from archdsl.manual import KINDS, literal
from archdsl.ops import OPS
from archdsl.ops.chapters import CHAPTERS
from archdsl.source import Source

DOCS = ROOT / "docs"
MADE = runpy.run_path(str(DOCS / "make.py"))["pages"]()


def example(kind: type) -> str:
    """The indented lines of a manual page, flush left."""
    return "\n".join(re.findall(r"^ {4}(.*)$", page(kind), re.M))


@pytest.mark.parametrize("op", OPS.values(), ids=str)
def test_the_example_of_an_op_leaves_the_shapes_that_it_states(op) -> None:
    found = list(op_examples(example(op), []))
    assert any(op.name in shown.text and shown.after for shown in found), f"{op.name}'s example states no shapes"
    for shown in found:
        report = check_source(Source("net.arch", shown.spec))
        assert report.ok, render(report.problems)
        if shown.after:
            assert [str(shape) for shape in report.networks[0].outputs.values()] == shown.after


@pytest.mark.parametrize("code", PROBLEMS)
def test_the_bad_form_of_a_diagnostic_gives_it_and_the_good_form_passes(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = problem_examples(example(PROBLEMS[code]))
    assert any(one == code for one, _, _ in bad.promised), f"{code} has no example whose comment says error[{code}]"
    monkeypatch.chdir(tmp_path)
    with limited({"steps": 20_000}):
        found = _found(bad)
    codes = {one for one, _, _ in bad.promised}
    meant = {(one, file, line) for one, severity, file, line in found if severity == "error" or one in codes}
    placeless = {one for one, _, line in (*meant, *bad.promised) if not line}
    assert {p for p in meant if p[0] not in placeless} == {p for p in bad.promised if p[0] not in placeless}, found
    assert codes == {one for one, _, _ in meant}, found
    assert good.files != bad.files or good.commands != bad.commands
    assert not [p for p in _found(good) if p[0] == code or p[1] == "error"]


def _found(shown: ProblemExample) -> set[tuple[str, str, str, int]]:
    """Code, severity, file and line of everything that the commands find in the files."""
    for name, text in shown.files.items():
        Path(name).write_text(text, encoding="utf-8")
    problems: list[dict[str, Any]] = []
    for command in shown.commands:
        if command.startswith(">>> "):
            problems += map(as_json, _called(command.removeprefix(">>> ")))
        else:
            words = shlex.split(command.removeprefix("$ archdsl "))
            run = CliRunner().invoke(main, [*words, "--format", "json"])
            assert run.exit_code in (0, 1), run.output
            problems += json.loads(run.stdout)["problems"]
    return {(p["code"], p["severity"], p["file"], p["line"] or 0) for p in problems}


def _called(expression: str) -> Iterable[Diagnostic]:
    try:
        result = eval(expression, {"archdsl": archdsl})
    except archdsl.ArchError as error:
        return error.problems
    return result.problems if isinstance(result, Report) else ()


@pytest.mark.parametrize("name", MADE)
def test_a_page_that_is_made_is_up_to_date(name: str, pytestconfig: pytest.Config) -> None:
    path = DOCS / name
    if pytestconfig.getoption("--update-golden"):
        path.write_text(MADE[name], encoding="utf-8")
    assert path.read_text(encoding="utf-8") == MADE[name], f"docs/{name} is out of date: run python docs/make.py"


def test_every_op_has_a_chapter() -> None:
    assert {op.chapter for op in OPS.values()} == set(CHAPTERS)


def test_every_argument_is_described() -> None:
    for op in OPS.values():
        for argument in op.attributes().values():
            assert argument.doc, f"{op.name}'s {argument.name} has no line in the manual"
            assert argument.kind in KINDS


def test_literals() -> None:
    assert [literal(value) for value in (True, None, (1, 2), "a", 1e-5)] == ["true", "none", "(1, 2)", '"a"', "1e-05"]
