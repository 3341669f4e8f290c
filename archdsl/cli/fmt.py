"""`archdsl fmt`: one style for specs."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click

from archdsl.cli import completing
from archdsl.cli.complaints import complain, passed_over
from archdsl.cli.group import ERRORS, WRONG_USE, Misuse
from archdsl.cli.writing import rewrite
from archdsl.source import visible

if TYPE_CHECKING:
    from archdsl.diagnostics import Diagnostic


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=completing.targets)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 where a file would change.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour in diagnostics.")
def fmt(paths: tuple[str, ...], only_check: bool, show_diff: bool, color: str) -> None:
    """Put specs into one style.

    Comments stay where they are, single empty lines and the breaks before arrows too, and the meaning never changes.
    Files are handled one by one and written whole or not at all; one that does not parse is left alone, and so is one
    that was edited meanwhile. - formats standard input to standard output.

    \b
    Example:
      archdsl fmt specs/
      archdsl fmt --check --diff my.arch
    """
    from archdsl.source import Source
    from archdsl.syntax.format import format
    from archdsl.targets import STDIN, WrongTarget, load

    problems: list[Diagnostic] = []
    changes = failed = False
    for file in _files(paths):
        try:
            content, source = load(file)
        except WrongTarget as error:
            click.echo(f"Error: {visible(str(error))}", err=True)
            failed = True
            continue
        text, found = format(source) if isinstance(source, Source) else (None, [source])
        problems += found
        if text is None or not isinstance(source, Source):
            continue
        changes |= text != source.text
        if show_diff:
            click.echo(_difference(file, source.text, text), nl=False)
        if only_check and text != source.text:
            click.echo(f"would format {_named(file)}", err=True)
        if show_diff or only_check:
            continue
        if file == STDIN:
            click.echo(text.encode(), nl=False)
        elif text != source.text:
            if rewrite(file, text, content):
                click.echo(f"formatted {visible(file)}", err=True)
            else:
                failed = True
    complain(problems, color)
    if failed:
        click.get_current_context().exit(WRONG_USE)
    if problems or (only_check and changes):
        click.get_current_context().exit(ERRORS)


def _files(paths: tuple[str, ...]) -> list[str]:
    from archdsl.targets import WrongTarget, find

    try:
        return list(dict.fromkeys(target.file for target in find(paths, passed_over)))
    except WrongTarget as error:
        raise Misuse(str(error)) from error


def _difference(file: str, before: str, after: str) -> str:
    """A unified diff that `patch` reads."""
    lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), _named(file), _named(file))
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _named(file: str) -> str:
    return "<stdin>" if file == "-" else visible(file)
