"""What a command is pointed at: `FILE`, `FILE:NETWORK`, a directory, or `-` for standard input.

Takes the words of a command line, returns targets and their texts. What is named wrongly (no such file, a folder
without specs, a file that may not be read) is a `WrongTarget`; what a file holds is for the compiler to judge.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from archdsl.diagnostics import Diagnostic
from archdsl.elaborate import files
from archdsl.limits import limits
from archdsl.source import Source

STDIN = "-"


class WrongTarget(Exception):
    """A target that does not exist or cannot be read; its text is one line for the user."""


class Target(NamedTuple):
    """A file, or one network in it. `network` is None for all of them."""

    file: str
    network: str | None = None


def find(words: Iterable[str], tell: Callable[[str], None] = lambda _: None) -> list[Target]:
    """The targets that words name, each once; directories are opened, their files sorted.

    find(["specs/resnet.arch:ResNet18"])      # [Target("specs/resnet.arch", "ResNet18")]

    A link that is named is followed wherever it leads. One that is found in a directory is followed if it ends in that
    directory; those that lead out are passed over, and `tell` is called with a line on each.
    """
    return list(dict.fromkeys(target for word in words for target in _find(word, tell)))


def _find(word: str, tell: Callable[[str], None]) -> Iterator[Target]:
    if not word:
        raise WrongTarget("an empty word names no file")
    file, colon, network = word.rpartition(":")
    whole = word == STDIN or Path(word).exists()
    if not whole and colon and (file == STDIN or Path(file).is_file()):
        if not network.isidentifier():
            raise WrongTarget(f"{word}: {network!r} is no name of a network")
        yield Target(file, network)
    elif word != STDIN and Path(word).is_dir():
        specs = list(_specs(Path(word), tell))
        if not specs:
            raise WrongTarget(f"{word}: no .arch file in this directory or below it")
        yield from (Target(str(path)) for path in specs)
    elif whole:
        yield Target(word)
    elif colon and Path(file).is_dir():
        raise WrongTarget(f"{word}: {file} is a directory; a network is in a file")
    else:
        raise WrongTarget(f"{word}: no such file or directory")


def _specs(folder: Path, tell: Callable[[str], None]) -> Iterator[Path]:
    """The specs in a folder and below it, each under one name: its own, or that of a link to it from the folder."""
    found = sorted(path for path in folder.rglob("*.arch") if path.is_file())
    own = {path for path in found if not path.is_symlink()}
    root, ends = folder.resolve(), {path.resolve() for path in own}
    for path in found:
        if path in own:
            yield path
        elif not (end := path.resolve()).is_relative_to(root):
            tell(f"{path}: this link leads out of {folder}, and is passed over; name {end}")
        elif end not in ends:
            ends.add(end)
            yield path


def read(file: str) -> Source | Diagnostic:
    """The text of a file, or the problem with what it holds."""
    return load(file)[1]


def load(file: str) -> tuple[bytes, Source | Diagnostic]:
    """What a file holds, and its text or the problem with it."""
    name = "<stdin>" if file == STDIN else file
    data = b""
    try:
        data = _content(file)
        return data, Source(name, files.decode(data))
    except files.Unreadable as error:
        return data, Diagnostic(error.problem, file=name)


def _content(file: str) -> bytes:
    if file == STDIN:
        if sys.stdin is None:
            raise WrongTarget("standard input is closed")
        return sys.stdin.buffer.read(limits().bytes + 1)
    if not os.access(file, os.R_OK):
        raise WrongTarget(f"{file}: permission denied")
    return files.content(Path(file))
