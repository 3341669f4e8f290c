"""`archdsl diff`: what changed between two networks."""

from __future__ import annotations

import os
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from archdsl.cli import completing
from archdsl.cli.documents import document
from archdsl.cli.group import ERRORS, WRONG_USE, Misuse
from archdsl.cli.options import inputs_of_a_check
from archdsl.cli.reading import one_network
from archdsl.source import visible

if TYPE_CHECKING:
    from archdsl.compiler import Network


@click.command()
@click.argument("before", metavar="A", shell_complete=completing.targets)
@click.argument("after", metavar="B", shell_complete=completing.targets)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
@inputs_of_a_check
def diff(
    before: str,
    after: str,
    form: str,
    settings: dict[str, str],
    sizes: dict[str, tuple[int, ...]],
    color: str,
) -> None:
    """Show what changed between two networks.

    Layers added, removed, changed, moved; figures, inputs and outputs; the names of weights that no longer match, with
    a guess at new names of old layers. A and B are targets, or REV:TARGET for a git revision, whose imports come from
    that revision; paths in it count from the top of the repository, as git has it.

    \b
    Example:
      archdsl diff specs/resnet.arch:ResNet18 specs/resnet.arch:ResNet34
      archdsl diff HEAD~1:specs/resnet.arch:ResNet18 specs/resnet.arch:ResNet18

    Exits with 0 when they are the same, 1 when they differ, 2 when one of them cannot be read or is wrong.
    """
    from archdsl.reports.diff import difference

    networks = [_network(word, settings, sizes, color) for word in (before, after)]
    found = difference((visible(before), visible(after)), networks[0].graph, networks[1].graph)
    if form == "json":
        click.echo(document(found.json()))
    else:
        click.echo(str(found))
    if not found.is_empty:
        click.get_current_context().exit(ERRORS)


def _network(word: str, settings: dict[str, str], sizes: dict[str, tuple[int, ...]], color: str) -> Network:
    """The network that a target names, now or in a revision; one that is wrong is no difference but misuse."""
    try:
        revision, colon, target = word.partition(":")
        if (
            not colon
            or Path(word).exists()
            or Path(revision).is_file()
            or revision == "-"
            or revision.endswith(".arch")
        ):
            return one_network(word, settings, sizes, color, told=("error",))
        return _network_then(revision, target, settings, sizes, color)
    except click.exceptions.Exit as end:
        click.echo(f"Error: {visible(word)} is not a good network", err=True)
        raise click.exceptions.Exit(WRONG_USE) from end


def _network_then(
    revision: str, target: str, settings: dict[str, str], sizes: dict[str, tuple[int, ...]], color: str
) -> Network:
    from archdsl.revisions import lay_out
    from archdsl.targets import WrongTarget

    with TemporaryDirectory() as folder:
        try:
            here = lay_out(revision, Path(folder))
        except WrongTarget as error:
            raise Misuse(f"{revision}:{target}: {error}") from error
        start = here if target.startswith("./") else Path(folder)
        inside = Path(os.path.normpath(start / target)).is_relative_to(folder)
        if not start.is_dir() or not inside or target.partition(":")[0] in ("", "-"):
            raise Misuse(f"{revision}:{target}: this revision has no such file")
        with chdir(start):
            try:
                return one_network(target, settings, sizes, color, told=("error",))
            except Misuse as error:
                raise Misuse(f"in {revision}, {error.message}") from error
