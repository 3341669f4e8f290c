"""Which sizes a network accepts: every value in it must have at least one element along each axis."""

from __future__ import annotations

from archdsl.ir.dim import Dim, substitute, symbol, symbols
from archdsl.ir.graph import Apply, Call, Graph
from archdsl.ir.prove import Fact, possible

LARGEST = 1 << 20


def accepted(graph: Graph) -> list[str]:
    """The conditions on the free sizes, as text.

    accepted(resnet18)      # ["N >= 1", "H >= 1", "W >= 1"]
    """
    return list(map(str, conditions(graph)))


def conditions(graph: Graph) -> list[Fact]:
    """The least size of every free symbol, then what the network states beyond that."""
    least = _needed(graph)
    stated = [fact for fact in graph.facts if not _implied(fact, least)]
    bounded = {str(fact.left) for fact in stated if fact.relation in (">", ">=") and isinstance(fact.right, int)}
    return [*(Fact(symbol(name), ">=", size) for name, size in least.items() if name not in bounded), *stated]


def _needed(graph: Graph) -> dict[str, int]:
    """The least size of every free symbol."""
    sizes = list(dict.fromkeys(_sizes(graph, set())))
    names = list(dict.fromkeys(name for entry in graph.inputs for dim in entry.shape.dims for name in symbols(dim)))
    return {name: max([1, *(_least(dim, name) for dim in sizes if symbols(dim) == {name})]) for name in names}


def impossible(graph: Graph) -> list[tuple[str, int]]:
    """Symbols for which no size is both stated and large enough, with the least size that the network needs."""
    if not graph.facts:  # what is needed alone can always be had
        return []
    needed = _needed(graph)
    return [
        (name, least)
        for name, least in needed.items()
        if not possible((*graph.facts, Fact(symbol(name), ">=", least)), name)
    ]


def _implied(fact: Fact, least: dict[str, int]) -> bool:
    """Whether a stated lower bound says less than what the network needs anyway."""
    name = str(fact.left)
    return fact.relation == ">=" and name in least and isinstance(fact.right, int) and fact.right <= least[name]


def _sizes(graph: Graph, seen: set[Graph]) -> list[Dim]:
    """Everything that must be at least 1: every size of every value, and what ops need; shared bodies once."""
    if graph in seen:
        return []
    seen.add(graph)
    found = [dim for entry in graph.inputs for dim in entry.shape.dims]
    for node in graph.nodes:
        found += [dim for shape in node.shapes for dim in shape.dims]
        if isinstance(node, Apply):
            shapes = (value.shape for value in node.inputs)
            found += [fact.left - fact.right + 1 for fact in node.op.needs(*shapes) if fact.relation == ">="]
        if isinstance(node, Call):
            found += _sizes(node.graph, seen)
    return found


def _least(dim: Dim, name: str) -> int:
    """The least value of a symbol for which a size is at least 1; sizes never fall as symbols grow."""
    low, high = 0, 1
    while high < LARGEST and _value(dim, name, high) < 1:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _value(dim, name, middle) >= 1 else (middle, high)
    return high


def _value(dim: Dim, name: str, size: int) -> int:
    value = substitute(dim, {name: size})
    assert isinstance(value, int), f"{dim} depends on more than {name}"
    return value
