"""SARIF is valid against its published schema, whatever was found: the pages of `tests/errors`, and every rule."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft4Validator, FormatChecker
from support.error_pages import CASES, PAGES, problems
from support.places import TESTS

import archdsl.cli.check
from archdsl.compiler import check_source
from archdsl.diagnostics import PROBLEMS
from archdsl.diagnostics.sarif import _rule, sarif
from archdsl.source import Source

SCHEMA = json.loads((TESTS / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
FORMATS = FormatChecker(["uri", "uri-reference"])


@cache
def validator() -> Draft4Validator:
    assert set(FORMATS.checkers) == {"uri", "uri-reference"}, "rfc3986-validator is not installed"
    Draft4Validator.check_schema(SCHEMA)
    return Draft4Validator(SCHEMA, format_checker=FORMATS)


def valid(document: Any) -> None:
    faults = [f"{error.json_path}: {error.message[:200]}" for error in validator().iter_errors(document)]
    assert not faults, faults
    for run in document["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(set(rules)) == len(rules)
        for result in run["results"]:
            assert rules[result["ruleIndex"]] == result["ruleId"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_mistakes_of_a_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for index, case in enumerate(case for case in CASES if case.page == page):
        folder = tmp_path / f"{index}"
        folder.mkdir()
        (folder / "archdsl.toml").touch()
        monkeypatch.chdir(folder)
        found += problems(case, case.files)
    document = sarif(found, archdsl.__version__)
    assert len(document["runs"][0]["results"]) == len(found) > 0
    valid(json.loads(json.dumps(document)))


def test_every_problem_is_a_rule() -> None:
    document = sarif([], "1")
    document["runs"][0]["tool"]["driver"]["rules"] = [_rule(kind) for kind in PROBLEMS.values()]
    valid(document)


def test_warnings_and_their_fixes() -> None:
    text = "network t { input x: [N, 3, 8, 8]\n conv(4, kernel=3) -> batch_norm -> relu -> relu\n max_pool(4) }\n"
    document = sarif(check_source(Source("ein netz#1.arch", text)).problems, "1")
    assert any("fixes" in result for result in document["runs"][0]["results"])
    valid(document)


def test_the_command(tmp_path: Path) -> None:
    """A good file, a bad one whose path needs escapes, and one that cannot be read, in one run."""
    for name, text in {"good": "network t { input x: [N, 4]\n linear(3) }", "bäd #1%": "network t { relu"}.items():
        (tmp_path / f"{name}.arch").write_text(text, encoding="utf-8")
    (tmp_path / "bytes.arch").write_bytes(b"\xff\xfe\x00")
    shown = CliRunner().invoke(archdsl.cli.main, ["check", str(tmp_path), "--format", "sarif"])
    assert shown.exit_code == 1
    document = json.loads(shown.stdout)
    assert {result["ruleId"] for result in document["runs"][0]["results"]} >= {"unclosed-bracket", "cannot-read"}
    valid(document)


def test_the_schema_is_in_force() -> None:
    """What must not be is refused: a validator that takes everything would prove nothing."""
    document = sarif(check_source(Source("net.arch", "network t { relu }")).problems, "1")
    valid(document)
    place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    place["region"]["startLine"] = 0
    place["artifactLocation"]["uri"] = "a b.arch"
    faults = {error.json_path.rpartition(".")[2] for error in validator().iter_errors(document)}
    assert faults == {"startLine", "uri"}
