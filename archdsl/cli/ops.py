"""`archdsl ops`: every op with its arguments."""

from __future__ import annotations

import click


@click.command()
def ops() -> None:
    """List every op with its arguments.

    \b
    Example:
      archdsl ops
    """
    from archdsl.manual import op_list

    click.echo(op_list())
