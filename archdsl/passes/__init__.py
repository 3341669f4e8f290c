"""Rewrites of the graph that hold for any backend, one file a pass; a backend lists those that it wants in their order.

A pass takes a graph and returns a new one that computes the same; the graph is verified after each. The graph that
comes in was inferred value by value as it was made, so that no check infers it again: the tests do.

What a pass joins it writes in the ops of `ops/fused.py`, in the words of no library; what a kernel takes in is for its
backend to say. Passes that know a library's kernels or its memory belong to that backend (`backends/torch/passes`).
"""

from __future__ import annotations

from collections.abc import Callable

from archdsl.graph.nodes import Graph
from archdsl.graph.opened import opened
from archdsl.graph.verify import verify_graph

Pass = Callable[[Graph], Graph]


def through_passes(graph: Graph, passes: tuple[Pass, ...]) -> Graph:
    """The graph after all passes, which see its repetitions opened."""
    graph = opened(graph) if passes else graph
    for step in passes:
        graph = step(graph)
        verify_graph(graph)
    return graph
