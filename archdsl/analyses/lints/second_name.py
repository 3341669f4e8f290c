"""Names in front of a value that a chain starts from: `left = image -> encoder`."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Checked, inside
from archdsl.analyses.lints.mentions import pattern
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.ops import OPS
from archdsl.syntax import tree


class SecondName(Problem):
    """A name belongs to the stage right behind it; in front of a value it is one more name for that value.

        input image: [N, 3, 8, 8]
        wide = image -> conv(8, kernel=1)      # warning[second-name]: wide is the image
        image -> wide = conv(8, kernel=1)      # good
        concat { | relu | wide }

    The stages behind the arrow have no part in it. A second name for a value is fine where it is a statement of its
    own.
    """

    code = "second-name"
    severity = "warning"
    message = "{name} is only a second name for {value}, and no name for what this chain leaves"
    name: str
    value: str
    good: str

    def help(self) -> str:
        return f"put the name in front of the stage that it is for: {self.good}"


def second_name(checked: Checked) -> Iterator[Diagnostic]:
    other = {*OPS, *_declared(checked.file)}
    for item in checked.file.items:
        nodes = list(inside(item))
        chains = [node for node in nodes if isinstance(node, tree.Chain) and len(node.links) > 1]
        if any(link.names for chain in chains for link in chain.links[:-1]):
            values = _values(nodes) - other
            for chain in chains:
                yield from _found(chain, values)


def _found(chain: tree.Chain, values: set[str]) -> Iterator[Diagnostic]:
    for index, link in enumerate(chain.links[:-1]):
        step = link.step
        if link.names and isinstance(step, tree.Apply) and step.arguments is None and pattern(step.name) in values:
            name, value = link.names[0].span.text, step.span.text
            stages = [value, *(later.span.text for later in chain.links[index + 1 :])]
            good = " -> ".join([*stages[:-1], f"{name} = {stages[-1]}"])
            short = good if "\n" not in good and not chain.links[-1].names else f"… -> {name} = …"
            yield Diagnostic(SecondName(name, value, short), link.names[0].span)


def _declared(file: tree.File) -> Iterator[str]:
    """The names of items and imports: as a stage they are applied, whatever else has the name."""
    for item in file.items:
        if isinstance(item, tree.Import):
            yield from (name.name for name in item.names)
        elif not isinstance(item, tree.Broken):
            yield item.name.name


def _values(nodes: list[tree.Tree]) -> set[str]:
    """What names values of the network in an item, and nothing else there."""
    values: set[str] = set()
    others: set[str] = set()
    for node in nodes:
        if isinstance(node, tree.Link):
            values.update(map(pattern, node.names))
        elif isinstance(node, tree.InputDeclaration):
            values.add(node.name.name)
        elif isinstance(node, tree.Shared):
            others.add(pattern(node.name))
        elif isinstance(node, tree.Block | tree.Network):
            others.update(parameter.name for parameter in node.parameters)
        elif isinstance(node, tree.For):
            others.update(name.name for target in node.targets for name in target)
        elif isinstance(node, tree.Repeat) and node.counter:
            others.add(node.counter.name)
    return values - others
