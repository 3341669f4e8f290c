"""One diagnostic for one cause: what several networks, calls or passes say of the same mistake.

Takes diagnostics in the order in which they were found, returns fewer. Two errors have one cause where they have the
same code and stand at the same place, or where their problems say so (`Problem.cause`). The first one stays; the
others become labels at their places, or notes where the place is the same. Nothing that was found is lost but repeats.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from archdsl.diagnostics.problem import Diagnostic, Label
from archdsl.record import replace

MOST = 3
"""How many others are shown; the rest is counted."""


def merged(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics, those of one cause as one.

    merged([ReLU at line 3, ReLU at line 5])      # one, with a label at line 5
    """
    found = list(diagnostics)
    facts = {one.problem.suppresses(one.span) for one in found if one.span} - {None}
    places: dict[Hashable, list[Diagnostic]] = {}
    for diagnostic in found:
        if diagnostic.problem.suppressed_by in facts:
            continue
        places.setdefault(_place(diagnostic), []).append(diagnostic)
    causes: dict[Hashable, list[Diagnostic]] = {}
    for place, group in places.items():
        causes.setdefault(_cause(group[0]) or place, []).extend(group)
    return [_one(group) for group in causes.values()]


def _place(diagnostic: Diagnostic) -> Hashable:
    """What two diagnostics of one place have in common."""
    span, code = diagnostic.span, diagnostic.code
    return (
        (span, code, diagnostic.problem.apart)
        if span and diagnostic.is_error
        else (span, diagnostic.file, code, diagnostic.problem.text)
    )


def _cause(diagnostic: Diagnostic) -> Hashable:
    """What two diagnostics of one cause have in common, where their problems know."""
    span = diagnostic.span
    cause = diagnostic.problem.cause(span) if span else None
    return (diagnostic.code, span.source, cause) if span and cause is not None else None


def _one(group: list[Diagnostic]) -> Diagnostic:
    """The first of a group with what the others add."""
    first = min(group, key=lambda one: one.span.start if one.span else 0)
    said = {(first.span, first.problem.text): first}
    others = [one for one in group if said.setdefault((one.span, one.problem.text), one) is one and one is not first]
    if not others:
        return first
    apart = [one for one in others if one.span != first.span]
    labels = [Label(one.span, one.problem.again) for one in apart[:MOST] if one.span]
    notes = [_likewise(one, first) for one in others if one.span == first.span][:MOST]
    left = len(others) - len(labels) - len(notes)
    more = [f"and {left} more like {'it' if len(others) == left else 'these'}"] if left else []
    edits: Any = dict.fromkeys(edit for one in (first, *others) for edit in one.fix)
    return replace(first, labels=(*first.labels, *labels), notes=(*first.notes, *notes, *more), edits=tuple(edits))


def _likewise(other: Diagnostic, first: Diagnostic) -> str:
    """What another diagnostic at the same place says, with the call or the pass that tells the two apart."""
    way = next((note for note in other.notes if note not in first.notes and note.startswith(("in ", "pass "))), "")
    return f"likewise {way + ': ' if way else ''}{other.problem.text}"
