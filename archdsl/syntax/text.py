"""A tree as text: what the parser read, a node a line."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.syntax import tree


def text(file: tree.File) -> str:
    """Every node with its place and its plain facts, children below it.

    Network 3:1 name=LeNet
      InputDeclaration 4:5 kind='float'
      …
    """
    return "\n".join(line for item in file.items for line in _lines(item, 0))


def _lines(node: tree.Tree, depth: int, role: str = "") -> Iterator[str]:
    line, column = node.span.begin
    facts: list[str] = []
    below: list[tuple[str, tree.Tree]] = []
    for name, value in node.values().items():
        if name == "span" or value in (None, "", ()):
            continue
        if isinstance(value, tree.Name):
            facts.append(f"{name}={value.name}")
        elif isinstance(value, tree.Tree):
            below.append((name, value))
        elif isinstance(value, tuple):
            below += ((name, child) for child in _trees(value))
            facts += (f"{name}={child!r}" for child in value if not isinstance(child, tree.Tree | tuple))
        else:
            facts.append(f"{name}={value!r}")
    head = f"{role}: {type(node).__name__}" if role else type(node).__name__
    yield "  " * depth + " ".join([head, f"{line}:{column}", *facts])
    for name, child in below:
        yield from _lines(child, depth + 1, name)


def _trees(values: tuple[object, ...]) -> Iterator[tree.Tree]:
    for value in values:
        if isinstance(value, tree.Tree):
            yield value
        elif isinstance(value, tuple):
            yield from _trees(value)
