"""`archdsl explain`: the manual page of a diagnostic or an op."""

from __future__ import annotations

import click

from archdsl.cli import completing
from archdsl.cli.group import Misuse


@click.command()
@click.argument("subject", metavar="CODE|OP", shell_complete=completing.subjects)
def explain(subject: str) -> None:
    """Show the manual page of a diagnostic or an op.

    \b
    Example:
      archdsl explain uneven-groups
    """
    from archdsl.manual import page

    try:
        click.echo(page(subject))
    except LookupError as error:
        raise Misuse(str(error.args[0])) from error
