"""Definitions copied out of modules, with all that they need: how kernels come into emitted files.

    cut = excerpt([conv, Network])
    cut.imports       # ["import numpy as np", …]
    cut.sections      # [Section("Sliding windows over …", ["class Window(NamedTuple): …", …]), …]

A definition is a function, a class or an assignment at the top of a module of this package; it needs the names that
its text mentions. Modules come in the order in which they build on each other, definitions in the order of their file.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from inspect import getsource
from typing import Any

OWN = __name__.rpartition(".")[0]


@dataclass(frozen=True)
class Section:
    """What is taken from one module: the first sentence of its docstring, and definitions."""

    title: str
    texts: list[str]


@dataclass
class Excerpt:
    """Import lines for what definitions need from elsewhere, the definitions, and all names that they bind."""

    imports: list[str] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Module:
    """A parsed module: its definitions in order, and where each imported name comes from."""

    title: str
    definitions: dict[str, str]
    needs: dict[str, list[str]]
    imports: dict[str, tuple[str, str]]


def excerpt(roots: Iterable[Callable[..., Any]]) -> Excerpt:
    """The definitions of functions and classes, and of everything they build on."""
    wanted: dict[str, set[str]] = {}
    foreign: set[tuple[str, str, str]] = set()
    for root in roots:
        _follow(root.__module__, root.__name__, wanted, foreign)
    order: list[str] = []
    for name in wanted:
        _order(name, wanted, order, set())
    cut = Excerpt(_import_lines(foreign), names={bound for _, _, bound in foreign})
    for name in order:
        module = _parsed(name)
        cut.sections.append(
            Section(module.title, [text for own, text in module.definitions.items() if own in wanted[name]])
        )
        assert not cut.names & wanted[name], f"{cut.names & wanted[name]} is defined twice"
        cut.names |= wanted[name]
    return cut


def _follow(where: str, name: str, wanted: dict[str, set[str]], foreign: set[tuple[str, str, str]]) -> None:
    """Take a definition and what it needs."""
    if name in wanted.setdefault(where, set()):
        return
    wanted[where].add(name)
    module = _parsed(where)
    for need in module.needs[name]:
        if need in module.definitions:
            _follow(where, need, wanted, foreign)
        elif need in module.imports:
            source, original = module.imports[need]
            if source.startswith(OWN):
                assert original == need, f"{where} imports {original} under another name"
                _follow(source, need, wanted, foreign)
            else:
                foreign.add((source, original, need))


def _order(where: str, wanted: dict[str, set[str]], order: list[str], above: set[str]) -> None:
    """Enter a module after those that it builds on; `above` are those that are being entered."""
    if where in order or where in above:
        return
    module = _parsed(where)
    for need in dict.fromkeys(
        need for name in module.definitions if name in wanted[where] for need in module.needs[name]
    ):
        source, _ = module.imports.get(need, ("", ""))
        if source in wanted:
            _order(source, wanted, order, above | {where})
    order.append(where)


@cache
def _parsed(name: str) -> Module:
    text = getsource(sys.modules[name])
    tree = ast.parse(text)
    title = (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")
    module = Module(title, {}, {}, {})
    lines = text.splitlines()
    for node in tree.body:
        for bound, origin in _imported(node):
            module.imports[bound] = origin
        for defined in _defined(node):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            module.definitions[defined] = "\n".join(lines[first - 1 : node.end_lineno])
            module.needs[defined] = sorted({part.id for part in ast.walk(node) if isinstance(part, ast.Name)})
    return module


def _imported(node: ast.stmt) -> list[tuple[str, tuple[str, str]]]:
    match node:
        case ast.Import(names=names):
            return [(alias.asname or alias.name, (alias.name, "")) for alias in names]
        case ast.ImportFrom(module=str(source), names=names) if source != "__future__":
            return [(alias.asname or alias.name, (source, alias.name)) for alias in names]
    return []


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _import_lines(foreign: set[tuple[str, str, str]]) -> list[str]:
    """Import statements as a linter sorts them: the standard library, an empty line, NumPy."""
    groups: list[list[str]] = []
    for is_own in (True, False):
        chosen = {item for item in foreign if (item[0].partition(".")[0] in sys.stdlib_module_names) is is_own}
        plain = sorted(f"import {_renamed(source, bound)}" for source, original, bound in chosen if not original)
        names: dict[str, list[str]] = {}
        for source, original, bound in sorted(chosen):
            if original:
                names.setdefault(source, []).append(_renamed(original, bound))
        lists = (f"from {source} import {', '.join(sorted(found, key=_by_kind))}" for source, found in names.items())
        groups.append([*plain, *lists])
    return [*groups[0], *([""] if groups[1] else []), *groups[1]]


def _renamed(original: str, bound: str) -> str:
    return original if original == bound else f"{original} as {bound}"


def _by_kind(name: str) -> tuple[int, str]:
    """Constants first, then classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name
