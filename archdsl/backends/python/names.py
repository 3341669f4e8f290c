"""Names that are safe where they stand: what Python allows, nothing that it knows already, each but once."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Container
from unicodedata import normalize

KEYWORDS = frozenset(keyword.kwlist)
BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
RESERVED = frozenset({*KEYWORDS, *keyword.softkwlist, *dir(builtins)})
"""Words that a variable should not be called by: what Python knows, also where it would allow it."""


def identifier(name: str, taken: Container[str] = (), reserved: Container[str] = RESERVED) -> str:
    """A name as Python allows and reads it, with underscores behind it until it clashes with nothing.

    identifier("class")      # "class_"
    """
    word = "".join(c if f"_{c}".isidentifier() else "_" for c in normalize("NFKC", name))
    word = word if word.isidentifier() else f"_{word}"
    while word in reserved or word in taken:
        word += "_"
    return word


def camel(name: str) -> str:
    """The CamelCase of a name, of its letters and digits in ASCII alone: `vgg_block` becomes `VggBlock`."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in name).split()
    return "".join(word[0].upper() + word[1:] for word in words)


def unique(name: str, taken: Container[str]) -> str:
    """The name, with the first number that makes it new where it is taken.

    unique("x", ["x", "x2"])      # "x3"
    """
    if name not in taken:
        return name
    number = 2
    while f"{name}{number}" in taken:
        number += 1
    return f"{name}{number}"
