"""What lints look at: the tree of one file, and the graphs of its networks.

Blocks are expanded for each set of arguments and shapes, so one stage of a file may stand for many nodes. `everywhere`
asks about all of them and reports a place once, where every node at it has the same fault: what is odd for one use of
a block and needed for another is not odd. Holds no lint itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from archdsl.analyses.lints.mentions import mentioned
from archdsl.diagnostics import Diagnostic
from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.record import Record
from archdsl.source import Source, Span
from archdsl.syntax import tree


class Body(Record):
    """One graph, and who uses each of its values."""

    graph: Graph

    @cached_property
    def users(self) -> dict[Value, list[Apply | Call]]:
        """The nodes that take a value, in order."""
        found: dict[Value, list[Apply | Call]] = {}
        for node in self.graph.nodes:
            for value in node.inputs:
                found.setdefault(value, []).append(node)
        return found

    @cached_property
    def outputs(self) -> frozenset[Value]:
        return frozenset(self.graph.outputs)

    def only_user(self, node: Apply | Call) -> Apply | Call | None:
        """The one node that takes what a node leaves, if there is no other use of it."""
        value = Value(node)
        users = self.users.get(value, [])
        if len(users) != 1 or len(node.shapes) != 1 or value in self.outputs:
            return None
        return users[0]


class Stage(Record):
    """A written stage: its link, what stands before and after it in the same body, and the item around it."""

    link: tree.Link
    before: tree.Link | None
    after: tree.Link | None
    item: tree.Item
    alone: bool
    """Whether it is a statement by itself."""


class Checked(Record):
    """A file without errors: its tree, the graphs of the networks that were made from it."""

    file: tree.File
    graphs: tuple[Graph, ...]

    @property
    def source(self) -> Source:
        return self.file.source

    @cached_property
    def bodies(self) -> tuple[Body, ...]:
        """Every graph once, those of blocks and groups too."""
        found: dict[Graph, None] = {}
        queue = list(reversed(self.graphs))
        while queue:
            graph = queue.pop()
            if graph not in found:
                found[graph] = None
                queue += (node.graph for node in reversed(graph.nodes) if isinstance(node, Call))
        return tuple(Body(graph) for graph in found)

    @cached_property
    def words(self) -> dict[tree.Item, set[str]]:
        """The names that each item of the file speaks of."""
        return {item: mentioned(item) for item in self.file.items}

    @cached_property
    def stages(self) -> dict[tuple[int, int], Stage]:
        """The stages of the file by the place of their step; shared layers are not among them."""
        return {place(stage.link.step.span): stage for item in self.file.items for stage in _stages(item)}


AXES = {1: ("positions",), 2: ("rows", "columns"), 3: ("planes", "rows", "columns")}
"""What lies along the spatial axes of a value, by their number."""


def place(span: Span) -> tuple[int, int]:
    return span.start, span.end


def everywhere(checked: Checked, rule: Callable[[Apply | Call, Body], Diagnostic | None]) -> Iterator[Diagnostic]:
    """What a rule finds at every node of a place, once for each place of the file."""
    verdicts: dict[tuple[int, int], Diagnostic | None] = {}
    source = checked.source
    for body in checked.bodies:
        for node in body.graph.nodes:
            if node.span is None or node.span.source is not source:
                continue
            spot = place(node.span)
            if spot not in verdicts or verdicts[spot]:
                verdicts[spot] = rule(node, body)
    return (found for found in verdicts.values() if found)


def inside(root: tree.Tree) -> Iterator[tree.Tree]:
    """Every node of a tree, itself first; an order for the others is not promised."""
    queue: list[object] = [root]
    while queue:
        node = queue.pop()
        if isinstance(node, tuple):
            queue += node
        elif isinstance(node, tree.Tree):
            yield node
            queue += node.values().values()


def _stages(item: tree.Item) -> Iterator[Stage]:
    for body in inside(item):
        if not isinstance(body, tree.Body):
            continue
        rows = [_chain(statement) for statement in body.statements]
        links = [link for row in rows for link in row or (None,)]
        index = 0
        for statement, row in zip(body.statements, rows, strict=True):
            for link in row:
                before = links[index - 1] if index else None
                after = links[index + 1] if index + 1 < len(links) else None
                alone = len(row) == 1 and isinstance(statement, tree.Chain)
                yield Stage(link, before, after, item, alone)
                index += 1
            index += not row


def _chain(statement: tree.Statement) -> tuple[tree.Link, ...]:
    if isinstance(statement, tree.Output):
        return statement.chain.links
    return statement.links if isinstance(statement, tree.Chain) else ()
