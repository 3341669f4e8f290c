"""What a network costs: multiply-adds, and the memory that one forward pass writes."""

from __future__ import annotations

from archdsl.graph.nodes import Call, Graph, Repeat
from archdsl.ops import Op
from archdsl.sizes.dim import Dim, substitute, symbols
from archdsl.sizes.shape import Shape


def macs(graph: Graph) -> Dim:
    """Multiply-adds of one forward pass, batch included. A body is counted once, however often it is
    called or repeated.

    macs(lenet)      # 416520 * N
    """
    return _macs(graph, {}, {})


def _macs(graph: Graph, bodies: dict[Graph, Dim], layers: dict[tuple[Op, tuple[Shape, ...]], Dim]) -> Dim:
    total: Dim = 0
    for node in graph.steps:
        if isinstance(node, Call | Repeat):
            if node.graph not in bodies:
                bodies[node.graph] = _macs(node.graph, bodies, layers)
            total = total + bodies[node.graph] * (node.count if isinstance(node, Repeat) else 1)
            continue
        alike = node.op, tuple([value.shape for value in node.inputs])
        if alike not in layers:
            layers[alike] = node.op.macs(*alike[1])
        total = total + layers[alike]
    return total


def macs_of_one(graph: Graph) -> Dim:
    """Multiply-adds for a batch of one: what public tables state, and what `expect macs` speaks of.

    macs_of_one(lenet)      # 416520
    """
    batches = {name for entry in graph.inputs for name in symbols(entry.shape.dims[0])}
    return substitute(macs(graph), dict.fromkeys(batches, 1))
