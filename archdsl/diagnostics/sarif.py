"""Diagnostics as SARIF 2.1.0, which code-scanning services and editors read.

Takes diagnostics, returns plain data; prints nothing and reads no file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from archdsl.diagnostics.page import page
from archdsl.diagnostics.problem import Diagnostic, Problem
from archdsl.diagnostics.render import ordered
from archdsl.source import Span, visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(diagnostics: Iterable[Diagnostic], version: str) -> dict[str, Any]:
    """One run of the checker; each kind of problem that it met is a rule.

    sarif(report.problems, "0.1.0")["runs"][0]["results"][0]["ruleId"]      # "branches-differ"
    """
    found = ordered(diagnostics)
    kinds = sorted({type(diagnostic.problem) for diagnostic in found}, key=lambda kind: kind.code)
    places = {kind.code: index for index, kind in enumerate(kinds)}
    driver = {"name": "archdsl", "version": version, "rules": [_rule(kind) for kind in kinds]}
    results = [_result(diagnostic, places[diagnostic.code]) for diagnostic in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(kind: type[Problem]) -> dict[str, Any]:
    text = page(kind) or kind.code
    return {
        "id": kind.code,
        "shortDescription": {"text": text.partition("\n")[0]},
        "fullDescription": {"text": text},
        "defaultConfiguration": {"level": kind.severity},
    }


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    problem = diagnostic.problem
    help = problem.help()
    lines = map(visible, [problem.text, *diagnostic.notes, *([f"help: {help}"] if help else [])])
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": "\n".join(lines)},
    }
    if diagnostic.where:
        result["locations"] = [{"physicalLocation": _place(diagnostic.where, diagnostic.span)}]
    if diagnostic.labels:
        result["relatedLocations"] = [
            {
                "id": index,
                "physicalLocation": _place(label.span.source.name, label.span),
                "message": {"text": label.text},
            }
            for index, label in enumerate(diagnostic.labels)
        ]
    if diagnostic.fix:
        replacements = [
            {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}} for edit in diagnostic.fix
        ]
        change = {"artifactLocation": {"uri": _uri(diagnostic.where)}, "replacements": replacements}
        result["fixes"] = [{"description": {"text": help or problem.text}, "artifactChanges": [change]}]
    return result


def _place(file: str, span: Span | None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if span:
        place["region"] = _region(span)
    return place


def _region(span: Span) -> dict[str, int]:
    names = ("startLine", "startColumn", "endLine", "endColumn")
    return dict(zip(names, (*span.begin, *span.finish), strict=True))


def _uri(file: str) -> str:
    """A path as a URI: relative paths stay relative, as code-scanning services want them."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), errors="surrogateescape")
