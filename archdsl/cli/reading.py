"""What the words on a command line name: a report for each target, or the one good network that is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archdsl.cli.complaints import complain, passed_over
from archdsl.cli.group import ERRORS, Misuse
from archdsl.cli.progress import steps

if TYPE_CHECKING:
    from archdsl.compiler import Network, Report


def check_targets(words: Iterable[str], settings: dict[str, str], sizes: dict[str, tuple[int, ...]]) -> list[Report]:
    """A report for each file or network that the words name."""
    from archdsl.compiler import Report, check_source
    from archdsl.source import Source
    from archdsl.targets import WrongTarget, find, read

    try:
        texts = [(read(target.file), target.network) for target in find(words, passed_over)]
    except WrongTarget as error:
        raise Misuse(str(error)) from error
    return [
        check_source(text, network, settings, sizes) if isinstance(text, Source) else Report((), (text,))
        for text, network in steps(texts, "checking")
    ]


def one_network(
    target: str,
    settings: dict[str, str],
    sizes: dict[str, tuple[int, ...]],
    color: str,
    told: tuple[str, ...] = ("error", "warning"),
) -> Network:
    """The one good network that a target names. Notes are a check's business, and are not `told` here."""
    if Path(target).is_dir():
        raise Misuse(f"{target}: name one FILE or FILE:NETWORK, not a directory")
    (report,) = check_targets([target], settings, sizes)
    complain([problem for problem in report.problems if problem.problem.severity in told], color)
    if not report.ok:
        click.get_current_context().exit(ERRORS)
    if len(report.networks) != 1:
        from archdsl.diagnostics import listing

        escape = "-- " if target.startswith("-") else ""
        names = [f"{escape}{target}:{network.name}" for network in report.networks]
        several = f"{len(names)} networks; name {listing(names)}"
        raise Misuse(f"{target} holds {several if names else 'no network'}")
    return report.networks[0]
