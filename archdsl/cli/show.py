"""`archdsl show`: what the compiler sees, as text."""

from __future__ import annotations

from pathlib import Path

import click

from archdsl.cli import completing
from archdsl.cli.complaints import complain
from archdsl.cli.group import ERRORS, Misuse
from archdsl.cli.options import inputs_of_a_check
from archdsl.cli.reading import check_targets


@click.command()
@click.argument("target", shell_complete=completing.targets)
@click.option(
    "--stage",
    type=click.Choice(["tree", "graph", "definitions"]),
    required=True,
    help="What the parser read, the graph, or what the graph keeps of the spec.",
)
@inputs_of_a_check
def show(target: str, stage: str, settings: dict[str, str], sizes: dict[str, tuple[int, ...]], color: str) -> None:
    """Show what the compiler sees, as text.

    \b
    Example:
      archdsl show --stage graph specs/lenet.arch:LeNet
    """
    if stage == "tree":
        click.echo(_tree(target, color))
        return
    from archdsl.graph.text import text
    from archdsl.graph.written import written

    if Path(target).is_dir():
        raise Misuse(f"{target}: name one FILE or FILE:NETWORK, not a directory")
    (report,) = check_targets([target], settings, sizes)
    complain(report.problems, color)
    if not report.ok:
        click.get_current_context().exit(ERRORS)
    graphs = [network.graph for network in report.networks]
    if stage == "graph":
        click.echo("\n\n".join(map(text, graphs)))
    else:
        click.echo("\n\n".join(written(graph.origin) for graph in graphs if graph.origin))


def _tree(target: str, color: str) -> str:
    """The tree of a file; what could not be read is told, and stands in it as a broken node."""
    from archdsl.source import Source
    from archdsl.syntax.parse import parse
    from archdsl.syntax.text import text
    from archdsl.targets import WrongTarget, find, read

    try:
        (found,) = find([target])
        source = read(found.file)
    except (WrongTarget, ValueError) as error:
        raise Misuse(str(error) if isinstance(error, WrongTarget) else f"{target}: name one file") from error
    if not isinstance(source, Source):
        complain([source], color)
        click.get_current_context().exit(ERRORS)
    file, problems = parse(source)
    complain(problems, color)
    return text(file)
