"""Where a network's values are large: that part runs on some samples at a time, the rest on all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from math import prod

from archdsl.backends.torch.passes.ops import Append, InPlace, OverwritingConv
from archdsl.graph.nodes import Apply, Call, Graph, Pieces, Value
from archdsl.passes.bodies import uses
from archdsl.record import replace
from archdsl.sizes.dim import Dim, number, symbol
from archdsl.sizes.shape import Shape

USUAL = 224
"""What is taken for a size that is free; how far values grow hardly depends on it."""

FEWEST = 50_000
"""Numbers that a network holds at a time for one sample, below which no batch is worth a cut."""

MUCH_SMALLER = 20
"""How many times less than the most the rest of the network may hold at a time."""


def run_in_micro_batches(graph: Graph) -> Graph:
    """Note which first nodes of a network run on some samples at a time, so that their values stay in the cache.

    One value leaves them. Samples must not see each other there, as they do where they are concatenated.
    """
    batch = graph.inputs[0].shape.batch
    if len(graph.inputs) != 1 or len(graph.outputs) != 1 or isinstance(batch, int):
        return graph
    sizes = dict.fromkeys(graph.inputs[0].shape.symbols, USUAL) | {str(batch): 1}
    if batch != symbol(str(batch)):
        return graph
    held = _held(graph, sizes, {})
    apart = next((i for i, node in enumerate(graph.nodes) if not _apart(node, batch, {})), len(graph.nodes))
    after = _most_from(held)
    cut = next((c for c in _cuts(graph) if c <= apart and after[c] * MUCH_SMALLER <= max(held)), None)
    if cut is None or max(held) < FEWEST:
        return graph
    growth = max(held[:cut]) / _numbers(graph.inputs[0].shape, sizes)
    within = _within(graph.nodes[0], max(held) / MUCH_SMALLER, sizes) if cut == 1 else None
    return replace(graph, pieces=Pieces(cut, round(growth, 1), within))


def _within(node: Apply | Call, most: float, sizes: Mapping[str, int]) -> int | None:
    """After how many layers a chain holds no more than that from there on; None where a part of it won't do."""
    if not isinstance(node, Call) or node.graph.kind != "group" or not _is_chain(node.graph):
        return None
    after = _most_from(_held(node.graph, sizes, {}))
    return next((cut for cut in range(1, len(node.graph.nodes)) if after[cut] <= most), None)


def _is_chain(body: Graph) -> bool:
    """Whether a body hands one value from node to node."""
    before = [*body.inputs, *body.nodes]
    return all(node.inputs == (Value(last),) for node, last in zip(body.nodes, before, strict=False))


def _apart(node: Apply | Call, batch: Dim, known: dict[Graph, bool]) -> bool:
    """Whether all values of a node have a part for each sample."""
    if isinstance(node, Call):
        if node.graph not in known:
            known[node.graph] = all(_apart(inner, batch, known) for inner in node.graph.nodes)
        return known[node.graph]
    return all(shape.rank and shape.batch == batch for shape in node.shapes)


def _cuts(graph: Graph) -> Iterator[int]:
    """After how many nodes the last of them leaves the one value that the rest reads."""
    left = uses(graph)
    live = {value for value in map(Value, graph.inputs) if left[value]}
    for cut, node in enumerate(graph.nodes, 1):
        left.subtract(node.inputs)
        live.difference_update([value for value in node.inputs if not left[value]])
        live.update(value for value in (Value(node, index) for index in range(len(node.shapes))) if left[value])
        if live == {Value(node)}:
            yield cut


def _most_from(held: Sequence[int]) -> list[int]:
    """The most that is held from each node on, and nothing behind the last."""
    return [*accumulate(reversed([*held, 0]), max)][::-1]


def _held(body: Graph, sizes: Mapping[str, int], known: dict[Graph, int]) -> list[int]:
    """How many numbers are held at a time while each node runs, those that later nodes read among them."""
    left = uses(body)
    live = {Value(entry): _numbers(entry.shape, sizes) for entry in body.inputs}
    held = []
    for node in body.nodes:
        made = {Value(node, index): _numbers(shape, sizes) for index, shape in enumerate(node.shapes)}
        total = sum(live.values()) + sum(made.values()) - sum(live[value] for value in _overwritten(node))
        if isinstance(node, Call):
            if node.graph not in known:
                known[node.graph] = max(_held(node.graph, sizes, known), default=0)
            total = max(total, sum(n for value, n in live.items() if value not in node.inputs) + known[node.graph])
        held.append(total)
        live |= made
        left.subtract(node.inputs)
        live = {value: n for value, n in live.items() if left[value]}
    return held


def _overwritten(node: Apply | Call) -> tuple[Value, ...]:
    """The value that a node writes over, or behind."""
    op = node.op if isinstance(node, Apply) else None
    if isinstance(op, InPlace | Append):
        return node.inputs[:1]
    return node.inputs[1:] if isinstance(op, OverwritingConv) and op.overwrites else ()


def _numbers(shape: Shape, sizes: Mapping[str, int]) -> int:
    return prod(number(dim, sizes) for dim in shape.dims)
