"""Diagnostics on standard error, once each, in colour where a terminal shows it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from archdsl.source import visible

if TYPE_CHECKING:
    from archdsl.diagnostics import Diagnostic


def complain(problems: Sequence[Diagnostic], color: str) -> None:
    """Diagnostics as text, on standard error."""
    if not problems:
        return
    from archdsl.diagnostics.render import render

    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty()
    painted = color == "always" or (color == "auto" and not plain)
    click.echo(render(problems, painted), err=True, color=painted)
    counts = [(sum(p.problem.severity == kind for p in problems), kind) for kind in ("error", "warning")]
    words = [f"{count} {kind}{'s' * (count > 1)}" for count, kind in counts if count]
    if words:
        click.echo(f"\n{', '.join(words)}", err=True)


def passed_over(line: str) -> None:
    """Tell what a command leaves out of a folder that was named."""
    click.echo(f"note: {visible(line)}", err=True)


@contextmanager
def complaining(color: str) -> Iterator[None]:
    """Tell what is wrong with a spec that was checked and asks for too much all the same, and end the command."""
    from archdsl.cli.group import ERRORS
    from archdsl.compiler import ArchError

    try:
        yield
    except ArchError as error:
        complain(error.problems, color)
        click.get_current_context().exit(ERRORS)


def unique(problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Problems without those that the same file, read twice, shows twice."""
    seen = {(p.code, p.where, p.span and (p.span.start, p.span.end), p.problem.text, p.notes): p for p in problems}
    return list(seen.values())
