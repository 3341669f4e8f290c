"""A plan as a graph of one body, for passes that rewrite graphs: blocks are opened, and weights go by their paths.

body = as_graph(plan(resnet))      # Placed(conv, …, place="layer1.0.conv1", block=2), …
"""

from __future__ import annotations

from archdsl.backends.numpy.kernels import identity
from archdsl.backends.numpy.plan import Plan
from archdsl.backends.numpy.rules import Call
from archdsl.graph.nodes import Apply, Graph, Input, Value


class Placed(Apply):
    """A step of a plan as a node. It has no key: weights that several steps share are found by the path, `place`.

    `call` is the reference kernel of the layer that the node stands for, `number` its place in the plan.
    """

    place: str = ""
    block: int = 0
    number: int = 0
    call: Call = Call(identity)

    @property
    def weights(self) -> str:
        return self.place


def as_graph(flat: Plan) -> Graph:
    """The steps of a plan as one body."""
    inputs = tuple(Input(name, flat.shapes[value]) for name, value in flat.inputs.items())
    values = {number: Value(entry) for number, entry in zip(flat.inputs.values(), inputs, strict=True)}
    nodes: list[Placed] = []
    for number, step in enumerate(flat.steps):
        given = tuple(values[value] for value in step.inputs)
        shapes = tuple(flat.shapes[value] for value in step.outputs)
        label = flat.labels.get(step.outputs[0]) if len(step.outputs) == 1 else None
        node = Placed(step.op, given, shapes, None, label, None, None, step.layer, step.block, number, step.call)
        values.update((value, Value(node, index)) for index, value in enumerate(step.outputs))
        nodes.append(node)
    outputs = tuple(values[value] for value in flat.outputs.values())
    return Graph("network", flat.name, inputs, tuple(nodes), outputs, tuple(flat.outputs))
