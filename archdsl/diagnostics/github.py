"""Diagnostics as GitHub workflow commands, which a job prints to mark lines of a pull request.

Takes diagnostics, returns text; prints nothing and reads no file.
"""

from __future__ import annotations

from collections.abc import Iterable

from archdsl.diagnostics.problem import Diagnostic
from archdsl.diagnostics.render import ordered
from archdsl.source import visible

LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def github(diagnostics: Iterable[Diagnostic]) -> str:
    """One command a line.

    github(report.problems)      # "::error title=unknown-name,file=net.arch,line=3,col=5,…::nothing is named rellu"
    """
    return "\n".join(_command(diagnostic) for diagnostic in ordered(diagnostics))


def _command(diagnostic: Diagnostic) -> str:
    problem = diagnostic.problem
    help = problem.help()
    places = [f"{label.span}: {label.text}" for label in diagnostic.labels if label.text]
    lines = map(visible, [problem.text, *places, *diagnostic.notes, *([f"help: {help}"] if help else [])])
    facts = ",".join(f"{name}={_property(value)}" for name, value in _properties(diagnostic).items())
    return f"::{LEVELS[problem.severity]} {facts}::{_data(chr(10).join(lines))}"


def _properties(diagnostic: Diagnostic) -> dict[str, object]:
    """What the command says of the place; GitHub takes columns only where a mark stays on one line."""
    facts: dict[str, object] = {"title": diagnostic.code}
    if diagnostic.where:
        facts["file"] = visible(diagnostic.where)
    if diagnostic.span:
        (line, column), (end_line, end_column) = diagnostic.span.begin, diagnostic.span.finish
        facts |= {"line": line, "endLine": end_line}
        facts |= {"col": column, "endColumn": end_column} if line == end_line else {}
    return facts


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: object) -> str:
    return _data(str(value)).replace(":", "%3A").replace(",", "%2C")
