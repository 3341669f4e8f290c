"""What two bodies must have in common to be instances of one class: everything but numbers, labels and shapes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeAlias

from archdsl.backends.torch.calls import skeleton, text
from archdsl.backends.torch.rules import Lowering, lower
from archdsl.graph.nodes import Apply, Call, Graph

Numbers: TypeAlias = "dict[Graph | Call, int]"
"""The classes of bodies that are called, by number; calls of what a constructor is handed stand for themselves."""


def signature(graph: Graph, numbers: Numbers) -> Hashable:
    """Everything about a body but its numbers, labels, shapes and documentation."""
    places: dict[object, int] = {node: -1 - i for i, node in enumerate(graph.inputs)}
    rows: list[Hashable] = []
    for place, node in enumerate(graph.nodes):
        places[node] = place
        operands = tuple((places[value.node], value.index) for value in node.inputs)
        shares = None if node.shares is None else places[node.shares]
        rows.append((node.key, operands, shares, len(node.shapes), is_stateless(node), content(node, numbers)))
    outputs = tuple((places[value.node], value.index) for value in graph.outputs)
    return len(graph.inputs), tuple(rows), outputs


def content(node: Apply | Call, numbers: Numbers) -> Hashable:
    """The same of one node, its operands left out."""
    if isinstance(node, Call):
        known = numbers.get(node, numbers.get(node.graph))
        return signature(node.graph, numbers) if known is None else known
    found = lower(node)
    if found.make is None:
        return node.op.name, run_text(found, node)
    return node.op.name, skeleton(found.make), found.run is None, _open(found.use, node)


def run_text(lowering: Lowering, node: Apply) -> str:
    """The form of an op that needs no module, inputs left open: equal for nodes that run alike."""
    return _open(lowering.run, node)


def _open(form: Any, node: Apply) -> str:
    """An expression over a node's inputs and its module, both left open."""
    return text(form, [f"\0{i}" for i in range(len(node.inputs))], "\0")


def is_stateless(node: Apply | Call) -> bool:
    """Whether a node owns no tensors, so that its key appears in no state dict."""
    if isinstance(node, Call):
        return all(map(is_stateless, node.graph.nodes))
    return not node.op.params(*(value.shape for value in node.inputs))
