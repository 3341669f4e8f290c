"""Definitions copied out of modules, with all that they need: how real code comes into emitted files.

    cut = excerpt([("archdsl.backends.numpy.kernels.conv", "conv")])
    cut.imports       # {Import("numpy", "", "np"), …}
    cut.sections      # [Section("….kernels.window", "Sliding windows over …", {"Window": "class Window…"}), …]

A definition is a function, a class or an assignment at the top of a module; it needs the names that its text mentions,
and those of this package are copied with it. Modules come in the order in which they build on each other, definitions
in the order of their file. Modules are read as text and not imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec

from archdsl.backends.python.imports import Import

PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Section:
    """What is taken from one module: the first sentence of its docstring, and definitions by name."""

    module: str
    title: str
    texts: dict[str, str]


@dataclass
class Excerpt:
    """What definitions import from elsewhere, the definitions, and all names that they bind."""

    imports: set[Import] = field(default_factory=set)
    sections: list[Section] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Contents:
    """A module that was read: its definitions in order, the names that each mentions, and where imported ones are from.

    A module of the package that is imported as a whole stands among `imports` like any other.
    """

    title: str
    definitions: dict[str, str]
    needs: dict[str, list[str]]
    imports: dict[str, Import]


def excerpt(roots: Iterable[tuple[str, str]]) -> Excerpt:
    """The definitions of these modules and names, and of everything that they build on."""
    wanted: dict[str, set[str]] = {}
    cut = Excerpt()
    for module, name in roots:
        _follow(module, name, wanted, cut.imports)
    order: list[str] = []
    for module in wanted:
        _order(module, wanted, order, set())
    cut.names.update(item.bound for item in cut.imports)
    for module in order:
        own = contents(module)
        assert not cut.names & wanted[module], f"{cut.names & wanted[module]} is defined twice"
        cut.names |= wanted[module]
        texts = {name: text for name, text in own.definitions.items() if name in wanted[module]}
        cut.sections.append(Section(module, own.title, texts))
    return cut


def _follow(where: str, name: str, wanted: dict[str, set[str]], foreign: set[Import]) -> None:
    """Take a definition and what it needs."""
    if name in wanted.setdefault(where, set()):
        return
    wanted[where].add(name)
    module = contents(where)
    for need in module.needs[name]:
        if need in module.definitions:
            _follow(where, need, wanted, foreign)
        elif need in module.imports:
            found = module.imports[need]
            if found.module.partition(".")[0] == PACKAGE:
                assert found.original == need, f"{where} imports {found.original} under another name"
                _follow(found.module, need, wanted, foreign)
            else:
                foreign.add(found)


def _order(where: str, wanted: dict[str, set[str]], order: list[str], above: set[str]) -> None:
    """Enter a module after those that it builds on; `above` are those that are being entered."""
    if where in order or where in above:
        return
    module = contents(where)
    needs = dict.fromkeys(need for name in module.definitions if name in wanted[where] for need in module.needs[name])
    for need in needs:
        found = module.imports.get(need)
        if found is not None and found.module in wanted:
            _order(found.module, wanted, order, above | {where})
    order.append(where)


@cache
def contents(name: str) -> Contents:
    """What a module consists of."""
    text = _source(name)
    tree = ast.parse(text)
    title = (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")
    module = Contents(title, {}, {}, {})
    lines = text.splitlines()
    for node in tree.body:
        module.imports.update((item.bound, item) for item in _imported(node))
        for defined in _defined(node):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            module.definitions[defined] = "\n".join(lines[first - 1 : node.end_lineno])
            module.needs[defined] = sorted(_names(node))
    return module


def statements(name: str) -> tuple[str, set[Import]]:
    """The text of a module below its imports, comments included, and what it imports."""
    text = _source(name)
    imports = [node for node in ast.parse(text).body if _imported(node)]
    below = text.splitlines()[imports[-1].end_lineno :]
    return "\n".join(below).strip(), {item for node in imports for item in _imported(node)}


def mentioned(code: str) -> set[str]:
    """The names that code mentions, outside of its literals and comments.

    mentioned("x = F.relu(image)")      # {"x", "F", "image"}
    """
    return _names(ast.parse(code))


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _source(name: str) -> str:
    """The text of a module, wherever it is installed."""
    spec = find_spec(name)
    read = getattr(spec and spec.loader, "get_source", None)
    assert read is not None, f"{name} is no module with a text"
    return str(read(name))


def _imported(node: ast.stmt) -> list[Import]:
    match node:
        case ast.Import(names=names):
            return [Import(alias.name, "", alias.asname or alias.name) for alias in names]
        case ast.ImportFrom(module=str(source), names=names) if source != "__future__":
            return [Import(source, alias.name, alias.asname or alias.name) for alias in names]
    return []


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
