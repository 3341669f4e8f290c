"""A network for inference alone, as emitted files have it: its weights, and an engine for what `forward` writes down.

def forward(self, net: Trace, image: Buffer) -> Buffer:
    x = net(conv_into, image, layer="0", epilogue=to_relu, padding=2)
    return net(max_pool_into, x, kernel=2)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from archdsl.backends.numpy.fast.engine import Engine
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.weights import Condition, Input, Tensor, Weights, matched


class Inference(Weights):
    """A network that infers in float32.

    y = net(x)                                            # an array, or a named tuple of several
    net.load("weights.safetensors"); net.state_dict()     # or .npz
    """

    def __init__(
        self,
        inputs: Mapping[str, Input],
        outputs: Sequence[str],
        tensors: Mapping[str, Tensor],
        seed: int = 0,
        conditions: Mapping[str, Condition] = MappingProxyType({}),
    ) -> None:
        super().__init__(inputs, outputs, tensors, seed, conditions=conditions)

    def prepare(self) -> None:
        """No schedule yet."""
        self.engine = Engine(self.forward, self.weights_of)

    def forward(self, net: Trace, *inputs: Buffer, **named: Buffer) -> Any:
        """Write down how values go through the network."""
        raise NotImplementedError

    def __call__(self, /, *arrays: Any, **named: Any) -> Any:
        """The output, or a named tuple of several; inputs by position or by name."""
        given = matched(self.inputs, self.conditions, self.dtype, arrays, named)
        results = self.engine.run(given, changed=self.lent or self.stale)
        self.stale = False
        return self.result(*results) if len(results) > 1 else results[0]
