"""A network that runs on NumPy, straight from its graph.

    program = Program(graph, seed=0)
    y = program(image)
    y = program(image, train=True)
    gradients = program.backward(dy)      # {"0.weight": …, "0.bias": …, …, "image": …}

What it can do is in `runtime.Network`, which emitted files hold too; here the steps of the plan are run one by one, and
arrays let go as soon as nothing needs them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from archdsl.backends.numpy.names import output_names
from archdsl.backends.numpy.plan import deaths, input_of, plan, tensor_of
from archdsl.backends.numpy.runtime import Network, Pass, Value
from archdsl.ir.graph import Graph


class Program(Network):
    """A graph as a program; float32 unless told otherwise, first values drawn from the seed."""

    def __init__(self, graph: Graph, seed: int = 0, dtype: Any = np.float32) -> None:
        self.plan = plan(graph)
        self.dead = deaths(self.plan)
        inputs = {name: input_of(self.plan.shapes[value]) for name, value in self.plan.inputs.items()}
        tensors = {name: tensor_of(param) for name, param in self.plan.params.items()}
        super().__init__(inputs, output_names(self.plan), tensors, seed, dtype)

    def forward(self, net: Pass, *inputs: Any, **_: Any) -> Any:
        """Run every step of the plan."""
        values: dict[int, Value] = dict(enumerate(inputs))
        for step, dead in zip(self.plan.steps, self.dead, strict=True):
            context = {name: getattr(net, name) for name in step.call.context}
            given = (values[value] for value in step.inputs)
            result = net(step.call.kernel, *given, layer=step.layer, **step.call.options, **context)
            values.update(zip(step.outputs, result if len(step.outputs) > 1 else (result,), strict=True))
            for value in dead:
                del values[value]
        results = tuple(values[value] for value in self.plan.outputs.values())
        return results if len(results) > 1 else results[0]
