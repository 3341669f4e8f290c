"""A mistake ends a stage: it is raised where it is found, and reported where the next stage begins."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import Diagnostic, Problem
from archdsl.source import Span


class Mistake(Exception):
    """A mistake that ends a stage: its diagnostic, or None where it was reported before; others found with it."""

    def __init__(self, diagnostic: Diagnostic | None, others: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(diagnostic.problem.text if diagnostic else "reported before")
        self.diagnostic = diagnostic
        self.others = others


POISONED = Mistake(None)


def together(mistakes: Sequence[Mistake]) -> Mistake:
    """Several mistakes as one, to be raised: all of them are told."""
    found = [each for mistake in mistakes for each in (mistake.diagnostic, *mistake.others) if each]
    return Mistake(found[0], tuple(found[1:])) if found else POISONED


def error(problem: Problem, span: Span) -> Mistake:
    """A mistake at a place, to be raised."""
    return Mistake(Diagnostic(problem, span))
