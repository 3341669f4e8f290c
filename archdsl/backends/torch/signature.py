"""What two bodies must have in common to be instances of one class: everything but numbers, labels and shapes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from archdsl.backends.torch.calls import skeleton, text
from archdsl.backends.torch.rules import Lowering, lower
from archdsl.ir.graph import Apply, Call, Graph


def signature(graph: Graph, numbers: dict[Graph, int]) -> Hashable:
    """Everything about a body but its numbers, labels, shapes and documentation; `numbers` tell the classes of bodies
    that it calls."""
    places: dict[object, int] = {node: -1 - i for i, node in enumerate(graph.inputs)}
    rows: list[Hashable] = []
    for place, node in enumerate(graph.nodes):
        places[node] = place
        operands = tuple((places[value.node], value.index) for value in node.inputs)
        shares = None if node.shares is None else places[node.shares]
        rows.append((node.key, operands, shares, len(node.shapes), is_stateless(node), content(node, numbers)))
    outputs = tuple((places[value.node], value.index) for value in graph.outputs)
    return len(graph.inputs), tuple(rows), outputs


def content(node: Apply | Call, numbers: dict[Graph, int]) -> Hashable:
    if isinstance(node, Call):
        return numbers[node.graph] if node.graph in numbers else signature(node.graph, numbers)
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
