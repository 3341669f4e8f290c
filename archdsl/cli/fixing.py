"""`--fix`: what is certain is put right in the files, one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from archdsl.cli.complaints import passed_over
from archdsl.cli.group import Misuse
from archdsl.cli.writing import rewrite

if TYPE_CHECKING:
    from archdsl.compiler import Report


def fix_files(words: Iterable[str], settings: dict[str, str], sizes: dict[str, tuple[int, ...]]) -> bool:
    """Put right what is certain in the files that words name, and tell what it was; False where one was not written."""
    from archdsl.targets import STDIN, WrongTarget, find

    networks: dict[str, list[str | None]] = {}
    try:
        for target in find(words, passed_over):
            if target.file == STDIN:
                raise Misuse("what comes from standard input has no file to fix")
            networks.setdefault(target.file, []).append(target.network)
        written = [_fix(file, wanted, settings, sizes) for file, wanted in networks.items()]
    except WrongTarget as error:
        raise Misuse(str(error)) from error
    return all(written)


def _fix(
    file: str, networks: Iterable[str | None], settings: dict[str, str], sizes: dict[str, tuple[int, ...]]
) -> bool:
    """Put one file right, as far as these networks of it need."""
    from archdsl.compiler import check_source
    from archdsl.fix import Fix, fix
    from archdsl.source import Source
    from archdsl.targets import load

    content, source = load(file)
    if not isinstance(source, Source):
        return True
    done: list[Fix] = []
    for network in networks:

        def check(text: Source, network: str | None = network) -> Report:
            return check_source(text, network, settings, sizes)

        source, made = fix(source, check)
        done += made
    if done and not rewrite(file, source.text, content):
        return False
    for each in done:
        click.echo(f"fixed {each}", err=True)
    return True
