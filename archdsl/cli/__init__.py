"""The command line, and the only place that prints: one file a command, each listed in COMMANDS.

Every command exits with 0 when all is well, 1 when a spec has errors, 2 when it was used wrongly or a file cannot be
read or written, and 3 when archdsl itself is at fault. What a command needs is imported inside it, so that
`archdsl check` starts without the libraries that only backends use.
"""

from __future__ import annotations

import click

from archdsl import __version__
from archdsl.cli.group import Commands

# In the order in which `archdsl --help` lists them; `archdsl NAME` is the function NAME of the module NAME.
COMMANDS = (
    "check",
    "compile",
    "summary",
    "graph",
    "diff",
    "fmt",
    "bench",
    "show",
    "explain",
    "ops",
    "zoo",
    "completion",
)


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"archdsl {__version__}")
        context.exit()


@click.group(cls=Commands, names=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def main() -> None:
    """Check and compile descriptions of neural networks.

    \b
    A target is a FILE, one network in it (FILE:NETWORK), a directory, which
    means every .arch file below it, or - for standard input.

    \b
    Example:
      archdsl check specs/lenet.arch
      archdsl compile specs/lenet.arch:LeNet --backend torch -o lenet.py

    \b
    Exit codes: 0 all is well, 1 a spec has errors, 2 wrong use or a file that
    cannot be read or written, 3 a fault of archdsl itself.
    """
