"""What a network needs of its free sizes: every value has an element along each axis, and ops ask for more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archdsl.graph.nodes import Apply, Call, Graph, Node, Repeat
from archdsl.sizes.bounds import least, never_falls
from archdsl.sizes.dim import Dim, Expr, number, symbol, symbols
from archdsl.sizes.fact import Fact

LARGEST = 1 << 20


class Needs:
    """The least size of each symbol, and what is needed beyond that.

    needs = Needs()
    needs.add(positive_sizes(pooled))
    needs.facts()      # H >= 2, W >= 2
    """

    def __init__(self) -> None:
        self.lowest: dict[str, int] = {}
        self._seen: set[Dim] = set()
        self._others: list[Dim] = []

    def add(self, sizes: Iterable[Dim]) -> None:
        """Take sizes that must be at least 1."""
        for size in sizes:
            if isinstance(size, int) or size in self._seen:
                continue
            self._seen.add(size)
            names = symbols(size)
            if len(names) == 1 and never_falls(size):
                (name,) = names
                self.lowest[name] = max(self.lowest.get(name, 1), _least(size, name))
            else:
                self._others.append(size)

    @property
    def beyond(self) -> list[Fact]:
        """What is needed of several symbols together, and of sizes that shrink as symbols grow."""
        return [Fact(size, ">=", 1) for size in self._others if (least(size, self.lowest) or 0) < 1]

    def facts(self) -> tuple[Fact, ...]:
        """All that is needed, but that symbols are at least 1."""
        alone = (Fact(symbol(name), ">=", size) for name, size in self.lowest.items() if size > 1)
        return (*alone, *self.beyond)


def needs_of(graph: Graph) -> Needs:
    """What a whole network needs."""
    found = Needs()
    for entry in graph.inputs:  # the symbols in the order of the inputs
        for size in entry.shape.dims:
            found.lowest.update(dict.fromkeys(sorted(symbols(size) - set(found.lowest)), 1))
    found.add(_sizes(graph, set()))
    return found


def positive_sizes(node: Node) -> Iterator[Dim]:
    """Everything that must be at least 1 where a node runs; not what is inside the graph that it calls."""
    for shape in node.shapes:
        yield from shape.dims
    if isinstance(node, Apply):
        for fact in node.op.needs(*(value.shape for value in node.inputs)):
            if fact.relation == ">=":
                yield fact.left - fact.right + 1


def _sizes(graph: Graph, seen: set[Graph]) -> Iterator[Dim]:
    """Everything that must be at least 1 in a graph; bodies that are shared or repeated once."""
    if graph in seen:
        return
    seen.add(graph)
    for node in (*graph.inputs, *graph.steps):
        yield from positive_sizes(node)
        if isinstance(node, Call | Repeat):
            yield from _sizes(node.graph, seen)


def _least(size: Expr, name: str) -> int:
    """The least value of a symbol for which a size that never falls is at least 1."""
    low, high = 0, 1
    while high < LARGEST and number(size, {name: high}) < 1:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if number(size, {name: middle}) >= 1 else (middle, high)
    return high
