"""`archdsl fmt`: one style for specs."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archdsl.cli import completing
from archdsl.cli.complaints import complain
from archdsl.cli.group import ERRORS, Misuse

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
    Files are written whole or not at all; one that does not parse is left alone. - formats standard input to standard
    output.

    \b
    Example:
      archdsl fmt specs/
      archdsl fmt --check --diff my.arch
    """
    texts, problems = _read(paths)
    complain(problems, color)
    changed = {file: pair for file, pair in texts.items() if pair[0] != pair[1]}
    if show_diff:
        for file, (before, after) in changed.items():
            click.echo(_difference(file, before, after), nl=False)
    if only_check:
        for file in changed:
            click.echo(f"would format {_named(file)}", err=True)
    elif not show_diff:
        _write(texts, changed)
    if problems or (only_check and changed):
        click.get_current_context().exit(ERRORS)


def _read(paths: tuple[str, ...]) -> tuple[dict[str, tuple[str, str]], list[Diagnostic]]:
    """The text of every file as it is and as it should be, and what is wrong with the others."""
    from archdsl.source import Source
    from archdsl.syntax.format import format
    from archdsl.targets import WrongTarget, find, read

    texts: dict[str, tuple[str, str]] = {}
    problems: list[Diagnostic] = []
    try:
        for file in dict.fromkeys(target.file for target in find(paths)):
            source = read(file)
            if not isinstance(source, Source):
                problems.append(source)
                continue
            text, found = format(source)
            problems += found
            if text is not None:
                texts[file] = source.text, text
    except WrongTarget as error:
        raise Misuse(str(error)) from error
    return texts, problems


def _write(texts: dict[str, tuple[str, str]], changed: dict[str, tuple[str, str]]) -> None:
    """The files that change, and standard input in any case."""
    from archdsl.output import write_whole
    from archdsl.targets import STDIN

    for file in changed:
        if file != STDIN and not os.access(file, os.W_OK):
            raise Misuse(f"{file}: permission denied (nothing was written)")
    for file, (before, after) in texts.items():
        if file == STDIN:
            click.echo(after.encode(), nl=False)
        elif before != after:
            mark = "\ufeff" if Path(file).read_bytes().startswith(b"\xef\xbb\xbf") else ""
            try:
                write_whole(Path(file), mark + after)
            except OSError as error:
                raise Misuse(f"{file}: {error.strerror}; this file was not written") from error
            click.echo(f"formatted {file}", err=True)


def _difference(file: str, before: str, after: str) -> str:
    """A unified diff that `patch` reads."""
    lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), _named(file), _named(file))
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _named(file: str) -> str:
    return "<stdin>" if file == "-" else file
