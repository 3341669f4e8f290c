"""`archdsl check`: infer and check everything, and tell what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from archdsl import __version__
from archdsl.cli import completing
from archdsl.cli.complaints import complain, unique
from archdsl.cli.documents import document
from archdsl.cli.group import ERRORS, WRONG_USE
from archdsl.cli.options import inputs_of_a_check
from archdsl.cli.reading import check_targets
from archdsl.source import visible

if TYPE_CHECKING:
    from archdsl.compiler import Network
    from archdsl.diagnostics import Diagnostic
    from archdsl.sizes.shape import Shape


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...", shell_complete=completing.targets)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    help="text writes problems to standard error; the others write everything to standard output.",
)
@click.option("--fix", "wanted", is_flag=True, help="Write what can be put right for certain into the files.")
@click.option("--watch", "again", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
@click.option("--deny", type=click.Choice(["warnings"]), help="Let warnings fail the check too.")
@inputs_of_a_check
def check(
    targets: tuple[str, ...],
    form: str,
    wanted: bool,
    again: bool,
    deny: str | None,
    settings: dict[str, str],
    sizes: dict[str, tuple[int, ...]],
    color: str,
) -> None:
    """Infer and check every size, and tell what is wrong.

    Writes a line for each good network: its inputs, its outputs, the sizes that it accepts, its parameters. A comment
    "# allow: CODE" beside or above a stage, an item or the file allows what a warning warns of.

    --fix puts right what is certain: misspelt names, forgotten commas and brackets, True for true, = for ==, a bias
    before batch norm, the same activation twice. It tells what it changed, and checks again.

    \b
    Example:
      archdsl check specs/ my.arch:ResNet18 --set classes=10
    """

    def run() -> int:
        written = True
        if wanted:
            from archdsl.cli.fixing import fix_files

            written = fix_files(targets, settings, sizes)
        reports = check_targets(targets, settings, sizes)
        networks = [network for report in reports for network in report.networks]
        problems = unique(problem for report in reports for problem in report.problems)
        if form == "text":
            qualified = len({network.file for network in networks}) > 1
            for network in networks:
                click.echo(_line(network, qualified))
            complain(problems, color)
        elif found := _document(form, networks, problems):
            click.echo(found)
        bad = any(p.is_error or (deny and p.problem.severity == "warning") for p in problems)
        if not written:
            return WRONG_USE
        return ERRORS if bad else 0

    if again:
        from archdsl.cli.watching import watch

        watch(targets, run)
    elif code := run():
        click.get_current_context().exit(code)


def _line(network: Network, qualified: bool) -> str:
    """LeNet: image [N, 1, 28, 28] -> [N, 10], 61,706 parameters"""
    return f"{visible(network.file)}:{network}" if qualified else str(network)


def _document(form: str, networks: Sequence[Network], problems: Sequence[Diagnostic]) -> str:
    """Everything that a check found, for a machine to read."""
    if form == "github":
        from archdsl.diagnostics.github import github

        return github(problems)
    if form == "sarif":
        from archdsl.diagnostics.sarif import sarif

        return document(sarif(problems, __version__))
    from archdsl.diagnostics.render import as_json, ordered

    content = {
        "version": 1,
        "networks": [_as_json(network) for network in networks],
        "problems": [as_json(problem) for problem in ordered(problems)],
    }
    return document(content)


def _as_json(network: Network) -> dict[str, Any]:
    return {
        "file": network.file,
        "name": network.name,
        "inputs": {name: _dims(shape) for name, shape in network.inputs.items()},
        "outputs": {name: _dims(shape) for name, shape in network.outputs.items()},
        "accepts": list(network.accepts),
        "parameters": network.parameters,
    }


def _dims(shape: Shape) -> list[int | str]:
    return [dim if isinstance(dim, int) else str(dim) for dim in shape.dims]
