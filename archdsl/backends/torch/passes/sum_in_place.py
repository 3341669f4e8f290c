"""Sums that a convolution writes over their other arm, such as the shortcut of a residual block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from archdsl.backends.torch.passes.memory import is_fresh, keeps_a_part
from archdsl.backends.torch.passes.ops import OverwritingConv
from archdsl.graph.nodes import Apply, Call, Graph, Input, Node, Value
from archdsl.ops.fused import FusedConv
from archdsl.passes.bodies import moved, rebuilt
from archdsl.record import replace


def sum_in_place(graph: Graph) -> Graph:
    """Let a convolution that adds a value write over it, where that is fresh memory that nothing reads afterwards.

    conv(y, x)  ->  conv(y, x), in the memory of x

    The shortcut of a residual block is mostly what the block was given: then every call must have given it away.
    """
    bodies = [_Body(body) for body in _from_above(graph)]
    given = _given_away(bodies)
    over = {node for body in bodies for node in body.graph.nodes if _adds(node) and body.is_spent(node, 1, given)}
    done: dict[Graph, Graph] = {}

    def visit(body: Graph) -> Graph:
        if body not in done:
            done[body] = rebuilt(body, change)
        return done[body]

    def change(node: Apply | Call, inputs: tuple[Value, ...]) -> Apply | Call:
        if isinstance(node, Call):
            inner = visit(node.graph)
            return moved(node, inputs) if inner is node.graph else replace(node, inputs=inputs, graph=inner)
        if node in over and isinstance(node.op, FusedConv):
            return replace(node, inputs=inputs, op=_overwriting(node.op))
        return moved(node, inputs)

    return visit(graph)


def _from_above(graph: Graph) -> Iterator[Graph]:
    """Every body once, after all that call it."""
    order: list[Graph] = []
    seen: set[Graph] = set()
    stack = [(graph, iter(graph.nodes))]
    while stack:
        inner = next((n.graph for n in stack[-1][1] if isinstance(n, Call) and n.graph not in seen), None)
        if inner is None:
            order.append(stack.pop()[0])
        else:
            seen.add(inner)
            stack.append((inner, iter(inner.nodes)))
    return reversed(order)


def _given_away(bodies: list[_Body]) -> set[Input]:
    """The inputs that every call of their body gives away: nothing reads what it hands in afterwards."""
    kept: set[Input] = {*bodies[0].graph.inputs}
    given: set[Input] = set()
    for body in bodies:
        given |= {entry for entry in body.graph.inputs if entry not in kept}
        for node in body.graph.nodes:
            if isinstance(node, Call):
                entries = enumerate(node.graph.inputs)
                kept |= {entry for index, entry in entries if not body.is_spent(node, index, given)}
    return given


class _Body:
    """A body, where its nodes stand in it and who reads each value."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.places: dict[Node, int] = {node: place for place, node in enumerate(graph.nodes)}
        self.outputs = set(graph.outputs)
        self.readers: defaultdict[Value, set[Apply | Call]] = defaultdict(set)
        for node in graph.nodes:
            for value in node.inputs:
                self.readers[value].add(node)

    def is_spent(self, node: Apply | Call, index: int, given: set[Input]) -> bool:
        """Whether an input of a node is memory of its own that nothing reads once the node has run.

        What else reads it must be needed for the node, so that it runs before whatever the order, and keep no part.
        """
        value = node.inputs[index]
        is_own = value.node in given if isinstance(value.node, Input) else is_fresh(value)
        if not is_own or value in self.outputs or node.inputs.count(value) > 1:
            return False
        others = self.readers[value] - {node}
        return not any(map(keeps_a_part, others)) and others <= self._needed(node, self.places.get(value.node, -1))

    def _needed(self, node: Node, start: int) -> set[Node]:
        """The nodes behind a place that a node needs."""
        found: set[Node] = set()
        todo = [value.node for value in node.inputs]
        while todo:
            before = todo.pop()
            if before not in found and self.places.get(before, -1) > start:
                found.add(before)
                todo += [value.node for value in before.inputs]
        return found


def _overwriting(op: FusedConv) -> OverwritingConv:
    return OverwritingConv(**{**op.values(), "overwrites": True})


def _adds(node: Apply | Call) -> bool:
    return isinstance(node, Apply) and isinstance(node.op, FusedConv) and node.op.adds and node.shapes[0].rank == 4
