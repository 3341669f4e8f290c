"""Rewrites of the graph: one file a pass, all of them listed here in the order in which they run.

A pass takes a graph and returns a new one that computes the same; the graph is verified after each. The graph that
comes in was inferred value by value as it was made, so that no check infers it again: the tests do. What a spec says is
what is written, so `PIPELINE` is empty; `plain.PLAIN` is for any network in PyTorch, and `inference.INFERENCE` for one
that has been trained.
"""

from __future__ import annotations

from collections.abc import Callable

from archdsl.graph.nodes import Graph
from archdsl.graph.opened import opened
from archdsl.graph.verify import verify_graph
from archdsl.sizes.prove import assuming

Pass = Callable[[Graph], Graph]

PIPELINE: tuple[Pass, ...] = ()


def through_passes(graph: Graph, passes: tuple[Pass, ...] = PIPELINE) -> Graph:
    """The graph after all passes, which see its repetitions opened."""
    graph = opened(graph) if passes else graph
    for step in passes:
        with assuming(graph.facts):
            graph = step(graph)
        verify_graph(graph)
    return graph
