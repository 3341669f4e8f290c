"""Import statements, grouped and sorted as a linter has them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import NamedTuple


class Import(NamedTuple):
    """A name and where it comes from; `original` is its name there, or empty for the module itself."""

    module: str
    original: str
    bound: str


def import_groups(imports: Iterable[Import]) -> list[list[str]]:
    """The statements that import these names: those of the standard library, then all others; no group is empty.

    import_groups([Import("torch", "nn", "nn"), Import("math", "", "math")])      # [["import math"], ["from torch …"]]
    """
    groups: list[list[str]] = []
    chosen = set(imports)
    for standard in (True, False):
        own = {item for item in chosen if (item.module.partition(".")[0] in sys.stdlib_module_names) is standard}
        plain = sorted(f"import {_renamed(item.module, item.bound)}" for item in own if not item.original)
        names: dict[str, list[str]] = {}
        for item in sorted(own):
            if item.original:
                names.setdefault(item.module, []).append(_renamed(item.original, item.bound))
        lists = (f"from {module} import {', '.join(sorted(found, key=_by_kind))}" for module, found in names.items())
        groups.append([*plain, *lists])
    return [group for group in groups if group]


def _renamed(original: str, bound: str) -> str:
    return original if original == bound else f"{original} as {bound}"


def _by_kind(name: str) -> tuple[int, str]:
    """Constants first, then classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name
