"""Diagnostics as a person and as a tool reads them: text with the line and a caret, and JSON.

Takes diagnostics, returns strings and plain data; prints nothing and reads no file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archdsl.diagnostics.problem import Diagnostic, Label
from archdsl.source import SPEAKING, Source, Span, visible

RESET, BOLD, RED, YELLOW, BLUE, CYAN = "\033[0m", "\033[1m", "\033[1;31m", "\033[1;33m", "\033[1;34m", "\033[1;36m"
SHADES = {"error": RED, "warning": YELLOW, "note": CYAN}
WIDEST = 160
UNSEEN = "\N{REPLACEMENT CHARACTER}"


def render(diagnostics: Iterable[Diagnostic], color: bool = False) -> str:
    """All diagnostics as text, in the order of their places, a blank line between two."""
    return "\n\n".join(text(diagnostic, color) for diagnostic in ordered(diagnostics))


def ordered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By file and place."""
    return sorted(diagnostics, key=lambda d: (d.where, d.span.start if d.span else -1, d.span.end if d.span else -1))


def text(diagnostic: Diagnostic, color: bool = False) -> str:
    """One diagnostic: what, where, the lines it speaks of, how the spec got there, and a fix.

    error[unknown-name]: nothing is named rellu
      --> net.arch:3:5
       |
     3 |     rellu
       |     ^^^^^
       = help: did you mean relu?
    """
    problem = diagnostic.problem
    shade = SHADES[problem.severity]
    paint = (lambda words, code: f"{code}{words}{RESET}") if color else (lambda words, code: words)
    lines = [paint(f"{problem.severity}[{problem.code}]", shade) + paint(f": {problem.text}", BOLD)]
    margin = 3
    if diagnostic.span:
        shown = _excerpts(diagnostic.span, diagnostic.problem.caret, diagnostic.labels)
        margin = max(len(str(number)) for _, rows in shown for number, _ in rows) + 1
        for index, (source, rows) in enumerate(shown):
            arrow = "-->" if index == 0 else ":::"
            place = f"{diagnostic.span}" if index == 0 else visible(source.name)
            lines.append(" " * (margin - 1) + paint(arrow, BLUE) + f" {place}")
            lines.append(" " * margin + paint("|", BLUE))
            last = None
            for number, marks in rows:
                if last is not None and number > last + 1:
                    lines.append(paint("...", BLUE))
                last = number
                content, offset = _clipped(source.line(number), marks)
                lines.append(paint(f"{number:>{margin - 1}} |", BLUE) + (f" {content}" if content else ""))
                for start, width, note, main in marks:
                    rule = paint(
                        ("^" if main else "-") * width + (f" {visible(note)}" if note else ""), shade if main else BLUE
                    )
                    lines.append(" " * margin + paint("|", BLUE) + " " * (start - offset + 1) + rule)
    elif diagnostic.file:
        lines.append(paint("  -->", BLUE) + f" {visible(diagnostic.file)}")
    tail = [*diagnostic.notes, *(f"help: {line}" for line in [problem.help()] if line)]
    lines += [" " * margin + paint("=", BLUE) + f" {visible(note)}" for note in tail]
    return "\n".join(lines)


Mark = tuple[int, int, str, bool]


def _excerpts(span: Span, caret: str, labels: tuple[Label, ...]) -> list[tuple[Source, list[tuple[int, list[Mark]]]]]:
    """For each source, the line numbers to show and the marks under each; the main span's source comes first."""
    files: dict[Source, dict[int, list[Mark]]] = {}
    for place, note, main in [(span, caret, True), *((label.span, label.text, False) for label in labels)]:
        line, column = place.begin
        end_line, end_column = place.finish
        content = place.source.line(line)
        stop = end_column if end_line == line else len(content) + 1
        width = max(1, stop - column)
        files.setdefault(place.source, {}).setdefault(line, []).append((column - 1, width, note, main))
    return [(source, [(number, sorted(rows[number])) for number in sorted(rows)]) for source, rows in files.items()]


def _clipped(line: str, marks: list[Mark]) -> tuple[str, int]:
    """The part of an endless line around its first mark, and the column it starts at.

    Tabs become one space, and what a terminal or a log would act on becomes one sign, so that columns stay.
    """
    line = SPEAKING.sub(lambda match: " " if match[0] == "\t" else UNSEEN * len(match[0]), line)
    if len(line) <= WIDEST:
        return line, 0
    start = max(0, marks[0][0] - WIDEST // 4)
    return line[start : start + WIDEST], start


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic as plain data; lines and columns count from 1."""
    problem = diagnostic.problem
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.text,
        "file": diagnostic.where,
        **(_place(diagnostic.span) if diagnostic.span else dict.fromkeys(_PLACE)),
        "labels": [{**_place(label.span), "text": label.text} for label in diagnostic.labels],
        "notes": list(diagnostic.notes),
        "help": problem.help() or None,
        "fix": [{**_place(edit.span), "text": edit.text} for edit in diagnostic.fix] or None,
    }


_PLACE = ("line", "column", "end_line", "end_column")


def _place(span: Span) -> dict[str, int]:
    return dict(zip(_PLACE, (*span.begin, *span.finish), strict=True))
