"""Lints: what they leave alone, what allows them, and how warnings reach the command line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from support.places import ROOT

import archdsl
from archdsl.analyses.lints import LINTS
from archdsl.cli import main
from archdsl.diagnostics.render import render

SPECS = sorted([*(ROOT / "specs").rglob("*.arch"), *(ROOT / "examples").rglob("*.arch")])

BIASED = """network t {
    input x: [N, 3, 8, 8]
    conv(8, kernel=3) -> batch_norm
}
"""


def codes(text):
    return [problem.code for problem in archdsl.check(text).problems]


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_the_zoo_and_the_examples_give_no_warnings(spec):
    report = archdsl.check(spec)
    assert report.ok, render(report.problems)
    warnings = [problem for problem in report.problems if problem.problem.severity == "warning"]
    assert not warnings, render(warnings)


def test_each_lint_is_listed_once():
    assert len(LINTS) == len(set(LINTS)) >= 9


def test_warnings_leave_a_report_good():
    report = archdsl.check(BIASED)
    assert report.ok
    assert [(problem.code, problem.problem.severity) for problem in report.problems] == [
        ("bias-before-norm", "warning")
    ]
    assert archdsl.loads(BIASED).parameters == 240


def test_errors_come_alone():
    assert codes(BIASED.replace("batch_norm", "batch_norm -> rellu")) == ["unknown-name"]


def test_what_is_imported_answers_for_itself(tmp_path):
    (tmp_path / "unit.arch").write_text("block unit(c) { conv(c, kernel=3) -> batch_norm }\n")
    net = tmp_path / "net.arch"
    net.write_text('from "unit.arch" import unit\n\nnetwork t {\n    input x: [N, 3, 8, 8]\n    unit(8)\n}\n')
    assert not archdsl.check(net).problems


def test_an_import_that_is_not_used(tmp_path):
    (tmp_path / "unit.arch").write_text("block unit { relu }\nblock other { relu }\n")
    net = tmp_path / "net.arch"
    net.write_text('from "unit.arch" import unit, other\n\nnetwork t {\n    input x: [N, 3]\n    unit\n}\n')
    assert [problem.problem.text for problem in archdsl.check(net).problems] == ["the import other is never used"]
    hub = tmp_path / "hub.arch"
    hub.write_text('from "unit.arch" import unit, other\n')
    assert "unused-name" not in [problem.code for problem in archdsl.check(hub).problems]


def test_a_comment_in_a_string_allows_nothing():
    assert codes(BIASED.replace("batch_norm", 'batch_norm -> "allow" = dropout(0.1)')) == ["bias-before-norm"]
    assert codes(BIASED.replace("conv", '"# allow: bias-before-norm" = conv'))[:1] != ["unused-allow"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_allow_with_any_line_ends(ending):
    text = BIASED.replace("    conv", "    # allow: bias-before-norm\n    conv").replace("\n", ending)
    assert codes(text) == []


def test_a_file_of_many_dead_stages_and_blocks_is_linted_at_once():
    stages = "\n".join(f"    a{i} = linear(3)\n    x" for i in range(1500))
    blocks = "\n".join(f"fn f{i}(n) = n" for i in range(1500))
    report = archdsl.check(f"{blocks}\nnetwork t {{\n    input x: [N, 3]\n{stages}\n}}\n")
    assert len(report.problems) == 3000


def run(*words, folder):
    return CliRunner().invoke(main, ["check", *words, str(folder / "net.arch")])


def test_exit_codes_and_forms(tmp_path):
    (tmp_path / "net.arch").write_text(BIASED)
    shown = run(folder=tmp_path)
    assert shown.exit_code == 0
    assert "warning[bias-before-norm]" in shown.stderr
    assert "1 warning" in shown.stderr
    assert "240 parameters" in shown.stdout
    assert run("--deny", "warnings", folder=tmp_path).exit_code == 1
    assert json.loads(run("--format", "json", folder=tmp_path).stdout)["problems"][0]["severity"] == "warning"
    sarif = json.loads(run("--format", "sarif", folder=tmp_path).stdout)
    assert sarif["runs"][0]["results"][0]["level"] == "warning"
    assert run("--format", "github", folder=tmp_path).stdout.startswith("::warning title=bias-before-norm")


def test_notes_are_no_warnings(tmp_path):
    (tmp_path / "net.arch").write_text(BIASED.replace("conv(8, kernel=3) -> batch_norm", "max_pool(3)"))
    shown = run("--deny", "warnings", folder=tmp_path)
    assert shown.exit_code == 0
    assert "note[unseen-edge]" in shown.stderr


def test_compile_prints_warnings(tmp_path):
    (tmp_path / "net.arch").write_text(BIASED)
    shown = CliRunner().invoke(main, ["compile", str(tmp_path / "net.arch"), "--backend", "torch"])
    assert shown.exit_code == 0
    assert "warning[bias-before-norm]" in shown.stderr
    assert "class " in shown.stdout
