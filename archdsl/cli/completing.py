"""What a shell offers when a word is not finished: files, the networks in them, ops, codes, the specs of the zoo.

    archdsl check specs/resnet.arch:<TAB>      # ResNet18, ResNet34, …

Runs only while a shell asks; the commands name these functions and import nothing for them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def targets(_: click.Context, __: click.Parameter, word: str) -> list[CompletionItem[str]]:
    """Files until a colon is typed, then the networks of the file before it."""
    from click.shell_completion import CompletionItem

    file, colon, begun = word.rpartition(":")
    if not colon:
        return [CompletionItem(word, type="file")]
    return [CompletionItem(f"{file}:{name}") for name in _networks(file) if name.startswith(begun)]


def _networks(file: str) -> list[str]:
    """The networks that can be named in a file; none where it can't be read."""
    from archdsl.source import Source
    from archdsl.syntax import tree
    from archdsl.syntax.parse import parse
    from archdsl.targets import WrongTarget, read

    try:
        source = read(file)
    except (OSError, WrongTarget):
        return []
    if not isinstance(source, Source):
        return []
    items = parse(source)[0].items
    return [item.name.name for item in items if isinstance(item, tree.Network | tree.Family)]


def subjects(_: click.Context, __: click.Parameter, word: str) -> list[str]:
    """What `archdsl explain` has a page for."""
    import archdsl.compiler  # noqa: F401  (its imports register every diagnostic)
    from archdsl.diagnostics import PROBLEMS
    from archdsl.ops import OPS

    return sorted(name for name in {*OPS, *PROBLEMS} if name.startswith(word))


def zoo(_: click.Context, __: click.Parameter, word: str) -> list[str]:
    """The specs that come with the package."""
    from archdsl.zoo import specs

    return [name for name in specs() if name.startswith(word)]


def prepare() -> None:
    """Teach click that Bash takes `FILE:NETWORK` for three words, and puts in what follows the colon only."""
    from click.shell_completion import BashComplete, add_completion_class

    class Bash(BashComplete):
        def get_completion_args(self) -> tuple[list[str], str]:
            words, word = super().get_completion_args()
            words = [*words, word]
            while ":" in words[1:]:
                place = words.index(":", 1)
                words[place - 1 : place + 2] = ["".join(words[place - 1 : place + 2])]
            return words[:-1], words[-1]

        def format_completion(self, item: CompletionItem[Any]) -> str:
            return f"{item.type},{str(item.value).rpartition(':')[2]}"

    add_completion_class(Bash)


def asked() -> bool:
    """Whether it is a shell that runs this program, to complete a word."""
    return "_ARCHDSL_COMPLETE" in os.environ
