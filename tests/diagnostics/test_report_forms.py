"""SARIF and GitHub commands: places, escapes, and what a diagnostic without a place becomes."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

import archdsl
from archdsl.diagnostics import PROBLEMS, Diagnostic, Label
from archdsl.diagnostics.github import github
from archdsl.diagnostics.sarif import sarif
from archdsl.source import Source, Span

SOURCE = Source("my specs/50%, a:b.arch", "conv(60,\n  groups=4)\n")
PROBLEM = PROBLEMS["uneven-groups"](4, 30, 60)
NOTES = ("in block, called at\r\nx.arch:1:1",)


def diagnostic(start, end, **extra):
    return Diagnostic(PROBLEM, Span(SOURCE, start, end), **extra)


def test_github_escapes_what_would_end_a_property_or_a_line():
    line = github([diagnostic(5, 7, notes=NOTES)])
    assert line == (
        "::error title=uneven-groups,file=my specs/50%25%2C a%3Ab.arch,line=1,endLine=1,col=6,endColumn=8::"
        "4 groups cannot split 30 input and 60 output channels evenly%0A"
        r"in block, called at\r\nx.arch:1:1%0Ahelp: groups can be 1, 2, 3, 5, 6, 10, 15 or 30"
    )


def test_github_gives_no_columns_across_lines_and_no_place_to_a_whole_file():
    assert ",line=1,endLine=2::" in github([diagnostic(0, 19)])
    assert github([Diagnostic(PROBLEM, file="x.arch")]).startswith("::error title=uneven-groups,file=x.arch::")
    assert github([Diagnostic(PROBLEM)]).startswith("::error title=uneven-groups::")
    assert github([]) == ""


def test_github_tells_the_further_places_of_a_mistake():
    report = archdsl.check("network t { input x: [N, 3, 8, 8]\n rellu -> conv(8, kernel=3)\n rellu }")
    assert github(report.problems).endswith("nothing is named rellu%0A<text>:3:2: here too%0Ahelp: did you mean relu?")


def test_sarif_places_rules_and_labels():
    label = Label(Span(SOURCE, 11, 17), "these")
    document = sarif([diagnostic(0, 19, labels=(label,)), Diagnostic(PROBLEM, file="x.arch")], "1.2.3")
    (run,) = document["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["tool"]["driver"]["version"] == "1.2.3"
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == "uneven-groups"
    assert rule["shortDescription"]["text"].endswith(".")
    assert "\n    conv(60" in rule["fullDescription"]["text"]
    placed, whole = run["results"]
    place = placed["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "my%20specs/50%25%2C%20a%3Ab.arch"
    assert place["region"] == {"startLine": 1, "startColumn": 1, "endLine": 2, "endColumn": 11}
    assert placed["relatedLocations"][0]["message"]["text"] == "these"
    assert whole["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "x.arch"}}}]
    assert all(
        run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"]
    )


@pytest.mark.parametrize("path", ["/specs/a b.arch", "/ä.arch"])
def test_sarif_gives_absolute_paths_as_file_uris(path):
    document = sarif([Diagnostic(PROBLEM, file=path)], "0")
    place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == PurePosixPath(path).as_uri()


def test_every_kind_of_report_takes_every_problem_of_a_bad_spec():
    report = archdsl.check("network t { input x: [N, 3, 8, 8]\n conv(4, kernel=3, groups=2)\n rellu\n linear() }")
    assert len(report.problems) > 1
    assert github(report.problems).count("\n") == len(report.problems) - 1
    assert len(sarif(report.problems, "0")["runs"][0]["results"]) == len(report.problems)
