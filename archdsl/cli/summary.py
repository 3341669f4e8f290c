"""`archdsl summary`: what a network costs, layer by layer."""

from __future__ import annotations

import shutil
import sys

import click

from archdsl.cli import completing
from archdsl.cli.documents import document
from archdsl.cli.options import inputs_of_a_check
from archdsl.cli.reading import one_network


@click.command()
@click.argument("target", shell_complete=completing.targets)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "csv"]),
    default="text",
    help="json and csv have a row for each layer; text and markdown fold repeated blocks.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    metavar="N",
    help="Open blocks down to N levels, repeated ones too (2 in tables, all in json and csv).",
)
@inputs_of_a_check
def summary(
    target: str,
    form: str,
    depth: int | None,
    settings: dict[str, str],
    sizes: dict[str, tuple[int, ...]],
    color: str,
) -> None:
    """Show what a network costs, layer by layer.

    Parameters, multiply-adds (MACs), the memory that a forward pass writes (float32), and the receptive field: how
    much of the input a place depends on. The batch is 1 unless --input gives another.

    \b
    Example:
      archdsl summary specs/resnet.arch:ResNet50 --input 1x3x224x224
    """
    figures = one_network(target, settings, sizes, color).summary()
    if form == "json":
        click.echo(document(figures.json(depth)))
    elif form == "csv":
        click.echo(figures.csv(depth), nl=False)
    elif form == "markdown":
        click.echo(figures.markdown(depth))
    else:
        table = figures.text if _is_wide(sys.stdout.encoding) else figures.plain_text
        click.echo(table(depth, _width()))


def _width() -> int | None:
    """How many characters a row may have: those of the terminal; anything else takes rows as long as they are."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _is_wide(encoding: str | None) -> bool:
    """Whether a terminal of this encoding can show the sign of a fold and the lines of a table."""
    try:
        "×─…·".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
