"""A network that runs on NumPy, straight from its graph.

    program = Program(graph, seed=0)
    y = program(image)                    # fast kernels
    y = program(image, train=True)        # reference kernels
    gradients = program.backward(dy)      # {"0.weight": …, "0.bias": …, …, "image": …}

Inference in float32 runs the fused plan on fast kernels; training, and inference in other precisions, the plan as it is
on reference kernels, step by step, and arrays are let go as soon as nothing needs them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from archdsl.backends.numpy.fast.engine import Engine
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.fuse import fused
from archdsl.backends.numpy.names import output_names
from archdsl.backends.numpy.plan import input_of, last_uses, plan, tensor_of
from archdsl.backends.numpy.runtime import Network, Pass, Value
from archdsl.backends.numpy.weights import matched
from archdsl.graph.nodes import Graph


class Program(Network):
    """A graph as a program; float32 unless told otherwise, first values drawn from the seed."""

    def __init__(self, graph: Graph, seed: int = 0, dtype: Any = np.float32) -> None:
        self.plan = plan(graph)
        self.dead = last_uses(self.plan)
        self.fused = fused(self.plan)
        inputs = {name: input_of(self.plan.shapes[value]) for name, value in self.plan.inputs.items()}
        tensors = {name: tensor_of(param) for name, param in self.plan.params.items()}
        conditions = {text: claim.holds for text, claim in self.plan.conditions.items()}
        super().__init__(inputs, output_names(self.plan), tensors, seed, dtype, conditions)

    def prepare(self) -> None:
        """No pass and no schedule yet."""
        super().prepare()
        self.engine = Engine(self.trace, self.weights_of)

    def __call__(self, /, *arrays: Any, train: bool = False, **named: Any) -> Any:
        """The output, or a named tuple of several; inputs by position or by name."""
        given = matched(self.inputs, self.conditions, self.dtype, arrays, named)
        if train or self.dtype != np.float32 or not all(array.size for array in given.values()):
            return super().__call__(train=train, **given)
        results = self.engine.run(given, changed=self.lent or self.stale)
        self.stale = False
        return self.result(*results) if len(results) > 1 else results[0]

    def trace(self, net: Trace, *inputs: Buffer) -> tuple[Buffer, ...]:
        """Write down every step of the fused plan."""
        buffers: dict[int, Buffer] = dict(enumerate(inputs))
        for step in self.fused.steps:
            layer = {"layer": step.layer} if step.layer else {}
            result = net(step.call.kernel, *(buffers[value] for value in step.inputs), **layer, **step.call.options)
            buffers.update(zip(step.outputs, result if len(step.outputs) > 1 else (result,), strict=True))
        return tuple(buffers[value] for value in self.fused.outputs.values())

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
