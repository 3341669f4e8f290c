"""`--fix`: what is certain is put right in the files, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archdsl.cli.group import Misuse

if TYPE_CHECKING:
    from archdsl.compiler import Report


def fix_files(words: Iterable[str], settings: dict[str, str], sizes: dict[str, tuple[int, ...]]) -> None:
    """Put right what is certain in the files that words name, all of them or none, and tell what it was."""
    from archdsl.compiler import check_source
    from archdsl.fix import Fix, fix
    from archdsl.output import write_whole
    from archdsl.source import Source
    from archdsl.targets import STDIN, WrongTarget, find, read

    texts: dict[str, tuple[Source, list[Fix]]] = {}
    try:
        for target in find(words):
            if target.file == STDIN:
                raise Misuse("what comes from standard input has no file to fix")
            source = texts[target.file][0] if target.file in texts else read(target.file)
            if not isinstance(source, Source):
                continue

            def check(text: Source, network: str | None = target.network) -> Report:
                return check_source(text, network, settings, sizes)

            after, done = fix(source, check)
            if done:
                texts[target.file] = after, [*texts.get(target.file, (after, []))[1], *done]
    except WrongTarget as error:
        raise Misuse(str(error)) from error
    for file in texts:
        if Path(file).is_symlink():
            raise Misuse(f"{file}: this is a link; fix the file that it leads to (nothing was written)")
        if not os.access(file, os.W_OK):
            raise Misuse(f"{file}: permission denied (nothing was written)")
    for file, (after, done) in texts.items():
        mark = "\ufeff" if Path(file).read_bytes().startswith(b"\xef\xbb\xbf") else ""
        try:
            write_whole(Path(file), mark + after.text)
        except OSError as error:
            raise Misuse(f"{file}: {error.strerror}; this file was not written") from error
        for made in done:
            click.echo(f"fixed {made}", err=True)
