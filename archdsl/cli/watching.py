"""`--watch`: a check that runs again whenever a file changes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence

import click

from archdsl.cli.group import Misuse


def watch(words: Sequence[str], run: Callable[[], object]) -> None:
    """Run again whenever a file that the words name, or one that these import, changes; Ctrl-C ends it well."""
    from archdsl.targets import STDIN, WrongTarget, find
    from archdsl.watch import State, changes, state

    def look() -> State:
        try:
            return state(target.file for target in find(words))
        except WrongTarget:
            return {}

    try:
        if any(target.file == STDIN for target in find(words)):
            raise Misuse("standard input does not change; name a file to watch")
        for files in changes(look):
            try:
                run()
            except Misuse as misuse:
                misuse.show()
            gc.collect()  # a command does not look for garbage by itself
            many = f"{len(files)} file{'s' * (len(files) != 1)}"
            click.echo(f"\nwatching {many}; Ctrl-C ends it", err=True)
    except WrongTarget as error:
        raise Misuse(str(error)) from error
    except KeyboardInterrupt:
        click.echo(err=True)
