"""`archdsl graph`: a picture of a network."""

from __future__ import annotations

from pathlib import Path

import click

from archdsl.cli import completing
from archdsl.cli.group import Misuse
from archdsl.cli.options import inputs_of_a_check
from archdsl.cli.progress import elapsed
from archdsl.cli.reading import one_network
from archdsl.cli.writing import STREAMS, write_file

FORMS = {".svg": "svg", ".html": "html", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid"}


@click.command()
@click.argument("target", shell_complete=completing.targets)
@click.option(
    "-o", "--output", metavar="FILE", help="Write the picture here: FILE.svg, FILE.html, FILE.dot or FILE.mmd."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["svg", "html", "dot", "mermaid"]),
    help="What to write, where the name of the file does not tell (svg).",
)
@click.option(
    "--depth", type=click.IntRange(min=0), metavar="N", help="Open blocks down to N levels (as many as fit a page)."
)
@click.option(
    "--open",
    "names",
    multiple=True,
    metavar="BLOCK",
    help="Open the blocks of this name, or the one at this path (layer1.0).",
)
@click.option(
    "--theme",
    type=click.Choice(["auto", "light", "dark"]),
    default="auto",
    help="Colours of SVG and HTML; auto follows the reader's system.",
)
@inputs_of_a_check
def graph(
    target: str,
    output: str | None,
    form: str | None,
    depth: int | None,
    names: tuple[str, ...],
    theme: str,
    settings: dict[str, str],
    sizes: dict[str, tuple[int, ...]],
    color: str,
) -> None:
    """Draw a network, with its blocks folded or open.

    SVG needs `pip install 'archdsl[graph]'`, and no other program. HTML is one page that opens blocks on a click.

    \b
    Example:
      archdsl graph specs/resnet.arch:ResNet50 -o resnet.html
      archdsl graph specs/googlenet.arch:GoogLeNet --open inception3a -o googlenet.svg
    """
    form = form or _form(output)
    network = one_network(target, settings, sizes, color)
    from archdsl.pictures.mermaid import refusal
    from archdsl.pictures.svg import NoEngine

    try:
        with elapsed(f"drawing {network.name}"):
            text = network.picture(form, depth=depth, open=names, theme=theme)
    except NoEngine as missing:
        words = f"SVG needs an engine that is not installed: {missing}; -o FILE.html, .dot and .mmd need none"
        raise Misuse(words) from missing
    except ValueError as unknown:
        raise Misuse(str(unknown)) from unknown
    if form == "mermaid" and (reason := refusal(text)):
        click.echo(f"note: {reason}; open fewer blocks with --depth or --open", err=True)
    write_file(output, text, network)


def _form(output: str | None) -> str:
    if output is None or output in STREAMS:
        return "svg"
    ending = Path(output).suffix.lower()
    if ending not in FORMS:
        raise Misuse(f"{output}: pictures are .svg, .html, .dot or .mmd; or name the form with --format")
    return FORMS[ending]
