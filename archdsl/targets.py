"""What a command is pointed at: `FILE`, `FILE:NETWORK`, a directory, or `-` for standard input.

Takes the words of a command line, returns targets and their texts. What is named wrongly (no such file, a folder
without specs) is a `WrongTarget`; what stands in a file is for the compiler to judge, except that it must be text.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from archdsl.diagnostics import Diagnostic, Problem
from archdsl.source import Source

STDIN = "-"
LARGEST = 16 * 2**20


class WrongTarget(Exception):
    """A target that does not exist or cannot be read; its text is one line for the user."""


@dataclass(frozen=True)
class NotText(Problem):
    """A spec is text in UTF-8, the encoding that every editor writes today.

    In another encoding, save it again as UTF-8; a picture, an archive or a model is no spec.
    """

    code = "not-text"
    message = "not a text file: byte {place} is no UTF-8"
    place: int


@dataclass(frozen=True)
class FileTooLarge(Problem):
    """A spec of more than 16 MiB is refused unread: the largest published network fits in a few KiB."""

    code = "file-too-large"
    message = "the file holds more than {most} MiB"
    most: int


@dataclass(frozen=True)
class Target:
    """A file, or one network in it. `network` is None for all of them."""

    file: str
    network: str | None = None


def find(words: Iterable[str]) -> list[Target]:
    """The targets that words name, each once; directories are opened, their files sorted.

    find(["specs/resnet.arch:ResNet18"])      # [Target("specs/resnet.arch", "ResNet18")]
    """
    return list(dict.fromkeys(target for word in words for target in _find(word)))


def _find(word: str) -> Iterator[Target]:
    file, colon, network = word.rpartition(":")
    whole = word == STDIN or Path(word).exists()
    if not whole and colon and (file == STDIN or Path(file).is_file()):
        if not network.isidentifier():
            raise WrongTarget(f"{word}: {network!r} is no name of a network")
        yield Target(file, network)
    elif word != STDIN and Path(word).is_dir():
        specs = sorted(path for path in Path(word).rglob("*.arch") if path.is_file())
        if not specs:
            raise WrongTarget(f"{word}: no .arch file in this directory or below it")
        yield from (Target(str(path)) for path in specs)
    elif whole:
        yield Target(word)
    elif colon and Path(file).is_dir():
        raise WrongTarget(f"{word}: {file} is a directory; a network is in a file")
    else:
        raise WrongTarget(f"{word}: no such file or directory")


def read(file: str) -> Source | Diagnostic:
    """The text of a file, or why it holds none."""
    name = "<stdin>" if file == STDIN else file
    try:
        with sys.stdin.buffer if file == STDIN else open(file, "rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise WrongTarget(f"{name}: {error.strerror or error}") from error
    if len(content) > LARGEST:
        return Diagnostic(FileTooLarge(LARGEST // 2**20), file=name)
    try:
        return Source(name, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Diagnostic(NotText(error.start + 1), file=name)
