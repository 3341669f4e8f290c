"""What a network costs: multiply-adds, and the memory that one forward pass writes."""

from __future__ import annotations

from archdsl.ir.dim import Dim, substitute, symbols
from archdsl.ir.graph import Graph, layers


def macs(graph: Graph) -> Dim:
    """Multiply-adds of one forward pass, batch included.

    macs(lenet)      # 416520 * N
    """
    total: Dim = 0
    for _, node in layers(graph):
        total = total + node.op.macs(*(value.shape for value in node.inputs))
    return total


def macs_of_one(graph: Graph) -> Dim:
    """Multiply-adds for a batch of one: what public tables state, and what `expect macs` speaks of.

    macs_of_one(lenet)      # 416520
    """
    batches = {name for entry in graph.inputs for name in symbols(entry.shape.dims[0])}
    return substitute(macs(graph), dict.fromkeys(batches, 1))
