"""Repetitions opened: the same network with every pass written out.

Takes a graph, returns one that computes the same and in which repetitions are lists of nodes; a graph without
repetitions is returned as it is. Whoever can count reads `Graph.steps` and has no need of this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from archdsl.graph.nodes import Apply, Call, Graph, Node, Repeat, Step, Value
from archdsl.record import replace

Passes: TypeAlias = Callable[[Repeat], int]
"""How many passes of a repetition are written out; none leaves it closed."""
Values: TypeAlias = "dict[Value, Value]"


def opened(graph: Graph, most: int | None = None) -> Graph:
    """The graph with every pass of its repetitions written out, or of those that hold at most so many layers.

        opened(net.graph).nodes

    Costs time and memory for every layer: who opens what a user wrote asks `opened_steps` first.
    """
    if most is None:
        return _Opening(lambda repeat: repeat.count).graph(graph)
    return _Opening(lambda repeat: repeat.count if repeat.count * _steps(repeat.graph) <= most else 0).graph(graph)


def shortened(graph: Graph, passes: int) -> Graph:
    """The graph with at most so many passes of each repetition, for questions that ask for the neighbours of a layer.

    A first pass follows on other layers, a last one is followed by others, and all between them look alike.
    """
    return _Opening(lambda repeat: min(repeat.count, passes)).graph(graph)


def opened_steps(graph: Graph) -> int:
    """How many nodes there are when repetitions are opened; what a block holds is counted once.

    opened_steps(repeat_999999_relu)      # 999999
    """
    bodies: dict[Graph, None] = {}
    queue = [graph]
    while queue:
        body = queue.pop()
        if body not in bodies:
            bodies[body] = None
            queue += (step.graph for step in body.steps if not isinstance(step, Apply))
    passes = {step.graph for body in bodies for step in body.steps if isinstance(step, Repeat)}
    return sum(_steps(body) for body in bodies if body not in passes)


def _steps(graph: Graph) -> int:
    """How many nodes a body has, its own repetitions opened and its calls closed."""
    return sum(step.count * _steps(step.graph) if isinstance(step, Repeat) else 1 for step in graph.steps)


class _Opening:
    """The bodies that have been opened, so that those that are shared stay so."""

    def __init__(self, passes: Passes) -> None:
        self.passes = passes
        self.done: dict[Graph, Graph] = {}

    def graph(self, graph: Graph) -> Graph:
        if graph not in self.done:
            self.done[graph] = self.body(graph)
        return self.done[graph]

    def body(self, graph: Graph) -> Graph:
        values: Values = {}
        owners: dict[Node, Apply | Call] = {}
        steps: list[Step] = []
        for step in graph.steps:
            self.add(step, None, values, owners, steps)
        if steps == list(graph.steps):
            return graph
        return replace(graph, steps=tuple(steps), outputs=tuple([values.get(value, value) for value in graph.outputs]))

    def add(
        self, step: Step, shift: int | None, values: Values, owners: dict[Node, Apply | Call], steps: list[Step]
    ) -> None:
        """Append a step. `values` are those that stand for its body's own; `shift` is what is added to keys in a pass,
        and None outside."""
        inputs = tuple([values.get(value, value) for value in step.inputs])
        made: Step
        if isinstance(step, Repeat):
            count = self.passes(step)
            if count:
                values[Value(step)] = self.repeat(step, count, inputs, shift, owners, steps)
                return
            assert shift is None, "what is inside of an opened repetition is opened"
            inner = self.graph(step.graph)
            made = step if inner is step.graph and inputs == step.inputs else replace(step, graph=inner, inputs=inputs)
        else:
            made = self.node(step, inputs, shift, owners)
        steps.append(made)
        if made is not step:
            values.update((Value(step, index), Value(made, index)) for index in range(len(step.shapes)))

    def repeat(
        self,
        repeat: Repeat,
        count: int,
        inputs: tuple[Value, ...],
        shift: int | None,
        owners: dict[Node, Apply | Call],
        steps: list[Step],
    ) -> Value:
        """Append the passes; the value that the last one leaves."""
        carried, *others = inputs
        body = repeat.graph
        for index in range(count):
            values = {Value(entry): given for entry, given in zip(body.inputs, (carried, *others), strict=True)}
            for step in body.steps:
                self.add(step, (shift or 0) + index * repeat.stride, values, owners, steps)
            carried = values.get(body.outputs[0], body.outputs[0])
        return carried

    def node(
        self, node: Apply | Call, inputs: tuple[Value, ...], shift: int | None, owners: dict[Node, Apply | Call]
    ) -> Apply | Call:
        """A layer or a call on other values; in a pass always a new one, under its key there."""
        shares = owners.get(node.shares, node.shares) if node.shares is not None else None
        graph = self.graph(node.graph) if isinstance(node, Call) else None
        if shift is None and inputs == node.inputs and shares is node.shares and graph is getattr(node, "graph", None):
            return node
        key = node.key if node.key is None or not shift else str(int(node.key) + shift)
        changes = {"inputs": inputs, "key": key, "shares": shares}
        owners[node] = replace(node, **changes) if graph is None else replace(node, graph=graph, **changes)
        return owners[node]
