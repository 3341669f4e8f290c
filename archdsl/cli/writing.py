"""Files that a command writes: whole or not at all, never over a spec that it read or an edit made meanwhile."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archdsl.cli.group import Misuse
from archdsl.source import visible

if TYPE_CHECKING:
    from archdsl.compiler import Network

STREAMS = (None, "-", "/dev/stdout")
"""Names of standard output."""


def write_file(output: str | None, text: str, network: Network) -> None:
    """Write what was made of a network to a file, or to standard output."""
    from archdsl.output import write_whole

    if output in STREAMS:
        click.echo(text.encode(), nl=False)
        return
    for path in network.paths:
        with suppress(OSError, ValueError):
            if os.path.samefile(output, path):
                which = "the spec itself" if path.samefile(network.file) else "a spec that it imports"
                raise Misuse(f"{output}: this is {which}; name another file")
    try:
        write_whole(Path(output), text)
    except (OSError, ValueError) as error:
        raise Misuse(f"{output}: {_reason(error)}; nothing was written") from error


def rewrite(file: str, text: str, before: bytes) -> bool:
    """Put a text in the place of a spec that was `before` when it was read; where that fails, tell why.

    A byte order mark stays. An edit made meanwhile stays too: then nothing is written.
    """
    from archdsl.output import write_whole

    mark = "\ufeff" if before.startswith(b"\xef\xbb\xbf") else ""
    try:
        write_whole(Path(file), mark + text, over=before)
    except OSError as error:
        click.echo(f"Error: {visible(file)}: {visible(_reason(error))}; this file was not written", err=True)
        return False
    return True


def _reason(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error)
    return f"{words[:1].lower()}{words[1:]}" if words[1:2].islower() else words
