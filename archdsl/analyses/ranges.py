"""What each free size may be, as an exporter wants it: the multiples of a step, from a least to a largest one.

Takes a graph, returns a `Range` for each symbol of its inputs; None for a size that is tied to another or that no such
range describes. Nothing here knows what a range is used for, but for one thing: programs that are exported take sizes
of one for a case of their own, so that no size that is worked out of a symbol may fall to one inside of a range.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

from archdsl.graph.nodes import Call, Graph, Repeat
from archdsl.record import Record
from archdsl.sizes.decide import contradictory
from archdsl.sizes.dim import Dim, substitute, symbol, symbols
from archdsl.sizes.fact import Fact
from archdsl.sizes.prove import Known, equal
from archdsl.sizes.verdict import Proved

SEARCHED = 1 << 13
LARGEST = 1 << 20


class Range(Record):
    """The sizes step * k + offset for every k from `least` on, up to `most` where there is one."""

    step: int
    offset: int
    least: int
    most: int | None

    def at_least(self, size: int) -> int:
        """The nearest size of the range from this one on, or else its largest."""
        k = max(self.least, -((self.offset - size) // self.step))
        return self.step * (k if self.most is None else min(k, self.most)) + self.offset


def ranges(graph: Graph) -> dict[str, Range | None]:
    """The range of every free size of the inputs.

    ranges(unet)      # {"N": Range(1, 0, 1, None), "H": Range(16, 0, 2, None), "W": Range(16, 0, 2, None)}
    """
    names = dict.fromkeys(n for entry in graph.inputs for dim in entry.shape.dims for n in sorted(symbols(dim)))
    tied = {name for fact in graph.facts if len(fact.symbols) > 1 for name in fact.symbols}
    sizes = list(dict.fromkeys(_sizes(graph, set())))
    return {name: None if name in tied else _range(name, graph.facts, sizes) for name in names}


def _range(name: str, facts: tuple[Fact, ...], sizes: list[Dim]) -> Range | None:
    own = tuple(fact for fact in facts if fact.symbols == {name})
    allowed = [size for size in range(1, SEARCHED) if all(fact.holds({name: size}) for fact in own)]
    if not allowed:
        return None
    step = gcd(*(size - allowed[0] for size in allowed)) or 1
    offset = allowed[0] % step
    if not isinstance(equal((symbol(name) - offset) % step, 0, Known(own)), Proved):
        return None
    last = allowed[-1]
    most = (last - offset) // step if contradictory((*own, Fact(symbol(name), ">", last))) else None
    worked_out = [size for size in sizes if symbols(size) == {name} and size != symbol(name)]
    stepped = [substitute(size, {name: step * symbol(name) + offset}) for size in worked_out]
    least = max([(allowed[0] - offset) // step, *(_least(size, name) for size in stepped)])
    return Range(step, offset, least, most) if most is None or least <= most else None


def _least(size: Dim, name: str) -> int:
    """The least value of a symbol that makes a size worked out of it at least two; sizes never fall as it grows."""
    low, high = 0, 1
    while high < LARGEST and _value(size, name, high) < 2:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _value(size, name, middle) >= 2 else (middle, high)
    return high


def _value(size: Dim, name: str, value: int) -> int:
    found = substitute(size, {name: value})
    return found if isinstance(found, int) else 0


def _sizes(graph: Graph, seen: set[Graph]) -> Iterator[Dim]:
    """Every free size of every value, in shared bodies once."""
    if graph in seen:
        return
    seen.add(graph)
    for node in (*graph.inputs, *graph.steps):
        yield from (dim for shape in node.shapes for dim in shape.dims if symbols(dim))
        if isinstance(node, Call | Repeat):
            yield from _sizes(node.graph, seen)
