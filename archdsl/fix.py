"""Putting right what can be put right for certain.

Takes a source and a way to check it, returns the source after the fixes and what they were. Nothing is read or written
here. A fix is a list of edits that a diagnostic carries; edits that overlap are never applied together. After each
round the text is checked again: a good file stays good, and a fixed one has nothing left to fix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from archdsl.compiler import Report
from archdsl.diagnostics import Diagnostic, Edit
from archdsl.diagnostics.render import ordered
from archdsl.record import Record
from archdsl.source import Source

ROUNDS = 30
"""A list without commas takes a round for each."""

MOST = 500
"""Fixes in one round."""


class Fix(Record):
    """One fix that was made: what it was for, and its edits, whose places are in the text as it was then."""

    code: str
    edits: tuple[Edit, ...]

    def __str__(self) -> str:
        """net.arch:3:5: rellu is now relu (unknown-name)"""
        return f"{self.edits[0].span}: {'; '.join(map(_told, self.edits))} ({self.code})"


def fix(source: Source, check: Callable[[Source], Report]) -> tuple[Source, list[Fix]]:
    """The source after every certain fix, and the fixes in their order."""
    done: list[Fix] = []
    for _ in range(ROUNDS):
        report = check(source)
        fixes = _compatible(source, report.problems)
        after = _applied(source, fixes)
        if report.ok and fixes and not check(after).ok:
            fixes = _harmless(source, fixes, check)
            after = _applied(source, fixes)
        if not fixes:
            break
        done += fixes
        source = after
    return source, done


def _compatible(source: Source, problems: Iterable[Diagnostic]) -> list[Fix]:
    """The fixes for this source of which no two overlap: of two that do, the one that comes first."""
    chosen: list[Fix] = []
    for problem in ordered(problems):
        edits = problem.fix
        here = edits and all(edit.span.source is source for edit in edits)
        if len(chosen) == MOST:
            break
        if here and not any(_overlap(a, b) for a in edits for other in chosen for b in other.edits):
            chosen.append(Fix(problem.code, edits))
    return chosen


def _overlap(a: Edit, b: Edit) -> bool:
    first, last = sorted((a.span, b.span), key=lambda span: (span.start, span.end))
    return last.start < first.end or last.start == first.start


def _harmless(source: Source, fixes: list[Fix], check: Callable[[Source], Report]) -> list[Fix]:
    """The fixes that leave a good file good: one that takes a bias away may break what the file expects of itself."""
    kept: list[Fix] = []
    for found in fixes:
        if check(_applied(source, [*kept, found])).ok:
            kept.append(found)
    return kept


def _applied(source: Source, fixes: Iterable[Fix]) -> Source:
    text = source.text
    edits = [edit for found in fixes for edit in found.edits]
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return Source(source.name, text)


def _told(edit: Edit) -> str:
    before, after = " ".join(edit.span.text.split()), edit.text.strip()
    if not after:
        return f"{before} is removed"
    return f"{before} is now {after}" if before else f"{after} is added"
