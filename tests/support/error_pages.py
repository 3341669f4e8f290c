"""The pages of `tests/errors`: specs with mistakes, beside what archdsl says of each.

A page is Markdown. Each heading of the second level is a case:

    ```arch      a spec with mistakes; below the line of each, carets mark its place and name its code
    ```errors    the rendered diagnostics: exactly one for each mark, at the marked line and columns
    ```fix       lines that the help replaces: with these changes the spec passes the check

The marks are written by hand, so that a place is right only if a person and the compiler agree on it; they are taken
out before the spec is checked. `whole file` marks a mistake without a place. Words behind `arch` are options of
`archdsl check`, or the name of a further file. `pytest --update-golden` rewrites the rendered diagnostics alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from archdsl.compiler import check_source
from archdsl.diagnostics import Diagnostic
from archdsl.source import Source
from support.places import TESTS

PAGES = sorted((TESTS / "errors").glob("*.md"))
MAIN = "net.arch"
BLOCK = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.M | re.S)
MARK = re.compile(r"#?[ ]*(\^+|whole file:) ([a-z-]+)")

Place = tuple[str, int, int, int, str]
"""File, line, column, width and code; zeros where the mistake is the whole file's."""


@dataclass
class Case:
    """One case of a page."""

    page: Path
    title: str
    body: str
    files: dict[str, str] = field(default_factory=dict)
    marks: list[Place] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    errors: str | None = None
    fix: str | None = None


def read(page: Path) -> list[Case]:
    _, *sections = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.M)
    return [_case(page, section) for section in sections]


def _case(page: Path, section: str) -> Case:
    case = Case(page, section.partition("\n")[0], section)
    for kind, words, body in BLOCK.findall(section):
        if kind == "arch":
            name = words if words.endswith(".arch") else MAIN
            case.files[name], marks = _unmarked(name, body)
            case.marks += marks
            _options(case, words.split() if name == MAIN else [])
        elif kind == "errors":
            case.errors = body
        elif kind == "fix":
            case.fix = body
        else:
            raise AssertionError(f"{page.name}: {case.title}: what is a {kind} block?")
    return case


def _unmarked(name: str, body: str) -> tuple[str, list[Place]]:
    """A spec without its marks, and the places that they mark."""
    lines: list[str] = []
    marks: list[Place] = []
    for line in body.splitlines():
        mark = MARK.fullmatch(line)
        if mark is None:
            lines.append(line)
        elif mark[1].startswith("^"):
            marks.append((name, len(lines), mark.start(1) + 1, len(mark[1]), mark[2]))
        else:
            marks.append((name, 0, 0, 0, mark[2]))
    return "".join(f"{line}\n" for line in lines), marks


def _options(case: Case, words: list[str]) -> None:
    for option, value in zip(words[::2], words[1::2], strict=True):
        name, _, given = value.rpartition("=")
        if option == "--set":
            case.settings[name] = given
        else:
            assert option == "--input"
            case.sizes[name] = tuple(int(size) for size in given.split("x"))


def place(diagnostic: Diagnostic) -> Place:
    if diagnostic.span is None:
        return diagnostic.file, 0, 0, 0, diagnostic.code
    (line, column), (end_line, end_column) = diagnostic.span.begin, diagnostic.span.finish
    end = end_column if end_line == line else len(diagnostic.span.source.line(line)) + 1
    return diagnostic.span.source.name, line, column, max(1, end - column), diagnostic.code


def problems(case: Case, files: dict[str, str]) -> list[Diagnostic]:
    """What is wrong with the files, which are written to the current folder; warnings have tests of their own."""
    for name, body in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    report = check_source(Source(MAIN, files[MAIN]), settings=case.settings, sizes=case.sizes)
    return [problem for problem in report.problems if problem.is_error]


def fixed(case: Case) -> dict[str, str]:
    """The files with the changes of the fix: each group of lines with - gives way to the lines with + below it."""
    files = dict(case.files)
    for old, new in re.findall(r"((?:^-.*\n)+)((?:^\+.*\n)*)", case.fix or "", flags=re.M):
        before, after = (re.sub(r"^[-+]", "", lines, flags=re.M) for lines in (old, new))
        hits = [name for name, body in files.items() if f"\n{before}" in f"\n{body}"]
        assert len(hits) == 1 and f"\n{files[hits[0]]}".count(f"\n{before}") == 1, f"which line is {before!r}?"
        files[hits[0]] = f"\n{files[hits[0]]}".replace(f"\n{before}", f"\n{after}")[1:]
    return files


CASES = [case for page in PAGES for case in read(page)]
