"""Blocks that keep nothing for the backward pass but their inputs: gradient checkpointing, as emitted code has it.

Takes the names of blocks, and knows what a class of theirs is given: `forward` goes through `checkpointed`, which an
emitted file then brings along. Outside of training, and in every name and weight, nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archdsl.diagnostics import suggestion
from archdsl.graph.nodes import Apply, Graph


def known_blocks(graph: Graph, names: Sequence[str]) -> frozenset[str]:
    """The names, each that of a block of the network; `ValueError` for one that is not."""
    names = [names] if isinstance(names, str) else names
    blocks = list(dict.fromkeys(body.name for body in bodies(graph) if body.kind == "block"))
    for name in names:
        if name not in blocks:
            there = f"its blocks are {', '.join(blocks)}" if blocks else "it has no blocks"
            raise ValueError(f"{graph.name} has no block {name}; {suggestion(name, blocks) or there}")
    return frozenset(names)


def bodies(graph: Graph) -> Iterator[Graph]:
    """A network and every body that it calls, each once, from the outside in."""
    seen = {graph}
    todo = [graph]
    while todo:
        body = todo.pop()
        yield body
        inner = dict.fromkeys(step.graph for step in body.steps if not isinstance(step, Apply))
        todo += [other for other in reversed(inner) if other not in seen]
        seen.update(inner)
