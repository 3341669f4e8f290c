"""`archdsl zoo`: the specs that come with the package."""

from __future__ import annotations

import os
from pathlib import Path

import click

from archdsl.cli import completing
from archdsl.cli.group import Misuse
from archdsl.source import visible


@click.group(invoke_without_command=True)
@click.pass_context
def zoo(context: click.Context) -> None:
    """List or copy the specs that come with archdsl.

    \b
    Example:
      archdsl zoo copy lenet
    """
    if context.invoked_subcommand is None:
        context.invoke(list_zoo)


@zoo.command("list")
def list_zoo() -> None:
    """List the specs, each with its first line.

    \b
    Example:
      archdsl zoo list
    """
    from archdsl.zoo import about, specs

    found = specs()
    width = max(map(len, found), default=0)
    for name, path in found.items():
        click.echo(f"{name:<{width}}  {about(path)}".rstrip())


@zoo.command("copy")
@click.argument("name", shell_complete=completing.zoo)
@click.argument("directory", default=".", metavar="[DIR]")
def copy_from_zoo(name: str, directory: str) -> None:
    """Copy a spec, and those that it imports, to DIR (here, unless given).

    A file that is already there with other content stays, and nothing is copied.

    \b
    Example:
      archdsl zoo copy lenet models/
    """
    from archdsl.diagnostics import suggestion
    from archdsl.output import write_whole
    from archdsl.zoo import copies, specs

    found = specs()
    spec = found.get(name.removesuffix(".arch"))
    if spec is None:
        raise Misuse(f"the zoo has no {name}: {suggestion(name, found) or 'see archdsl zoo list'}")
    if not Path(directory).is_dir():
        raise Misuse(f"{directory}: no such directory")
    texts = {Path(directory, path): text for path, text in copies(spec).items()}
    there = {path for path in texts if os.path.lexists(path)}
    for path in there:
        if not path.is_file() or path.read_bytes() != texts[path].encode():
            raise Misuse(f"{path}: already there, with other content")
    for path, text in texts.items():
        if path not in there:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
        click.echo(visible(str(path)))
