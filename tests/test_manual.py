"""The reference: its examples do what they say, and the pages made from the sources are up to date."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from doc_examples import op_examples, problem_example

from archdsl.compiler import check_source
from archdsl.diagnostics import PROBLEMS
from archdsl.diagnostics.page import page
from archdsl.diagnostics.render import render
from archdsl.limits import limited
from archdsl.manual import FAMILIES, KINDS, literal
from archdsl.ops import OPS
from archdsl.source import Source

DOCS = Path(__file__).parents[1] / "docs"
MADE = runpy.run_path(str(DOCS / "make.py"))["pages"]()

NOT_SHOWN = {
    "branches-undecided": "a shape that cannot be decided is hard to come by",
    "bad-import": "needs files",
    "cannot-read": "is about bytes",
    "contract-undecided": "a shape that cannot be decided is hard to come by",
    "file-too-large": "needs a large file",
    "form-undecided": "a shape that cannot be decided is hard to come by",
    "nested-too-deep": "needs a hundred brackets",
    "no-network": "is about what is not there",
    "nothing-here": "is about what is not there",
    "parts-undecided": "a shape that cannot be decided is hard to come by",
    "product-undecided": "a shape that cannot be decided is hard to come by",
    "several-networks": "is about a command line",
    "too-many-digits": "needs a thousand digits",
    "too-many-mistakes": "needs fifty mistakes",
    "too-many-words": "needs a large file",
    "unknown-input": "is about a command line",
    "unknown-network": "is about a command line",
}


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
def test_the_example_of_a_diagnostic_gives_it(code: str) -> None:
    shown = problem_example(example(PROBLEMS[code]), code)
    if code in NOT_SHOWN:
        assert shown is None, f"{code} is shown now: take it off the list"
        return
    assert shown, f"{code} has no example whose comment says error[{code}]"
    spec, promised = shown
    with limited({"steps": 20_000}):
        report = check_source(Source("net.arch", spec))
    codes = {code for code, _ in promised}
    meant = [problem for problem in report.problems if problem.is_error or problem.code in codes]
    assert {(p.code, p.span.begin[0] if p.span else 0) for p in meant} == promised, render(report.problems)


@pytest.mark.parametrize("name", MADE)
def test_a_page_that_is_made_is_up_to_date(name: str, pytestconfig: pytest.Config) -> None:
    path = DOCS / name
    if pytestconfig.getoption("--update-golden"):
        path.write_text(MADE[name], encoding="utf-8")
    assert path.read_text(encoding="utf-8") == MADE[name], f"docs/{name} is out of date: run python docs/make.py"


def test_every_op_has_a_chapter() -> None:
    modules = {op.__module__.rpartition(".")[2] for op in OPS.values()}
    listed = [module for modules in FAMILIES.values() for module in modules]
    assert sorted(listed) == sorted(modules), "archdsl.manual.FAMILIES lists the modules of archdsl.ops"


def test_every_argument_is_described() -> None:
    for op in OPS.values():
        for argument in op.attributes().values():
            assert argument.doc, f"{op.name}'s {argument.name} has no line in the manual"
            assert argument.kind in KINDS


def test_literals() -> None:
    assert [literal(value) for value in (True, None, (1, 2), "a", 1e-5)] == ["true", "none", "(1, 2)", '"a"', "1e-05"]
