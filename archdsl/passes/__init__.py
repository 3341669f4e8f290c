"""Rewrites of the graph: one file a pass, all of them listed here in the order in which they run.

A pass takes a graph and returns a new one that computes the same. After each the graph is verified. None runs by default:
what a spec says is what is written.
"""

from __future__ import annotations

from collections.abc import Callable

from archdsl.ir.graph import Graph
from archdsl.ir.verify import verify_graph

Pass = Callable[[Graph], Graph]

PIPELINE: tuple[Pass, ...] = ()


def optimized(graph: Graph, passes: tuple[Pass, ...] = PIPELINE) -> Graph:
    """The graph after the passes, each verified."""
    for step in passes:
        graph = step(graph)
        verify_graph(graph)
    return graph
