"""Blocks, functions, parameters, imports and shared layers that nothing in their file uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from archdsl.analyses.lints.checked import Checked, inside
from archdsl.analyses.lints.mentions import pattern
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.source import Span
from archdsl.syntax import tree


class UnusedName(Problem):
    """A block, a function, a parameter, an import or a shared layer that its file never uses.

        fn half(n) = n // 2      # warning[unused-name]
        fn twice(n) = 2 * n
        network t(
            width=8,
            depth=3      # warning[unused-name]
        ) {
            input x: [N, 4]
            linear(twice(width))
        }

    Blocks and functions are for other files where no network is in the file, and so are imports where nothing else is.
    A parameter may go unused in a block that is given to others as a value, and where its name starts with an
    underscore: both must keep to what callers write.
    """

    code = "unused-name"
    severity = "warning"
    message = "{kind} {name} is never used"
    kind: str
    name: str

    def help(self) -> str:
        if self.kind == "the parameter":
            return f"remove it, or call it _{self.name} where callers give it by position"
        return "remove it"


def unused(checked: Checked) -> Iterator[Diagnostic]:
    items = checked.file.items
    speakers = Counter(word for words in checked.words.values() for word in words)
    given = _given(items)
    library = not any(isinstance(item, tree.Network | tree.Family) for item in items)
    for item, words in checked.words.items():
        if isinstance(item, tree.Import):
            hub = all(isinstance(other, tree.Import) for other in items)
            yield from (_found("the import", n.name, n.span) for n in item.names if not (hub or speakers[n.name]))
        elif not isinstance(item, tree.Broken):
            name, kind = item.name, KINDS.get(type(item))
            if kind and not library and speakers[name.name] == (name.name in words):
                yield _found(kind, name.name, name.span)
            if not (isinstance(item, tree.Block) and name.name in given):
                idle = (p for p in item.parameters if p.name not in words and not p.name.startswith("_"))
                yield from (_found("the parameter", parameter.name, parameter.span) for parameter in idle)
            yield from _shared(item, words)


KINDS: dict[type[tree.Tree], str] = {tree.Block: "the block", tree.Function: "the function"}


def _given(items: tuple[tree.Item, ...]) -> set[str]:
    """The names that stand in expressions: a block among them is an argument of something, which decides which
    parameters it has."""
    declared = {item.name for item in items if not isinstance(item, tree.Import | tree.Broken)}
    return {
        node.name for item in items for node in inside(item) if isinstance(node, tree.Name) and node not in declared
    }


def _shared(item: tree.Item, words: set[str]) -> Iterator[Diagnostic]:
    for node in inside(item):
        if isinstance(node, tree.Shared) and pattern(node.name) not in words:
            first = node.name.parts[0]
            if len(node.name.parts) == 1 or not any(word.startswith(str(first)) for word in words):
                yield _found("the shared layer", node.name.span.text, node.name.span)


def _found(kind: str, name: str, span: Span) -> Diagnostic:
    return Diagnostic(UnusedName(kind, name), span)
