"""What trains a network: a pass forward that keeps what the way back needs, and the way back.

A subclass of `Network` says which inputs, outputs and weights it has, and how values go through it:

    def forward(self, net: Pass, image: Value) -> Value:
        x = net(conv, image, layer="0", padding=2)
        return net(sigmoid, x)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from archdsl.backends.numpy.kernels.array import Array
from archdsl.backends.numpy.weights import Weights, matched


class Value(NamedTuple):
    """An array on its way through the network, and the slot that its gradient will have."""

    array: Array
    slot: int


class PullbackRecord(NamedTuple):
    """What one kernel leaves behind in training."""

    pullback: Callable[[Any], Any]
    layer: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    empty: tuple[Array, ...]


class Pass:
    """One pass through a network. In training it records how to come back."""

    def __init__(self, network: Network, train: bool) -> None:
        self.network = network
        self.train = train
        self.rng = network.rng
        self.records: list[PullbackRecord] = []
        self.slots = 0

    def value(self, array: Array) -> Value:
        """An array as a value of this pass."""
        self.slots += 1
        return Value(array, self.slots)

    def __call__(self, kernel: Callable[..., Any], /, *inputs: Value, layer: str = "", **options: Any) -> Any:
        """Apply a kernel to values and to the weights of a layer; a kernel of several results gives a tuple."""
        weights = {argument: self.network.state[name] for argument, name in self.network.arguments(layer).items()}
        result, pullback = kernel(*(value.array for value in inputs), **weights, **options)
        several = isinstance(result, tuple)
        outputs = tuple(self.value(array) for array in (result if several else (result,)))
        if self.train:
            slots = tuple(value.slot for value in inputs), tuple(value.slot for value in outputs)
            empty = tuple(np.broadcast_to(np.zeros((), a.dtype), a.shape) for a, _ in outputs) if several else ()
            self.records.append(PullbackRecord(pullback, layer, *slots, empty))
        return outputs if several else outputs[0]

    def backward(self, slopes: dict[int, Array]) -> dict[str, Array]:
        """The gradients of the weights by name, given those of the outputs by slot.

        `slopes` is left with the gradients of the inputs; the records are used up on the way.
        """
        found: dict[str, Array] = {}
        while self.records:
            pullback, layer, inputs, outputs, empty = self.records.pop()
            if not slopes.keys() & set(outputs):
                continue
            several = tuple(slopes.pop(*pair) for pair in zip(outputs, empty, strict=False))
            dxs, gradients = pullback(several or slopes.pop(outputs[0]))
            for slot, dx in zip(inputs, dxs if isinstance(dxs, tuple) else (dxs,), strict=True):
                if dx is not None:
                    slopes[slot] = slopes[slot] + dx if slot in slopes else dx
            for argument, gradient in gradients.items():
                name = self.network.arguments(layer)[argument]
                found[name] = found[name] + gradient if name in found else gradient
        return found


class Network(Weights):
    """A network that runs on NumPy.

    y = net(x)                                               # inference
    y = net(x, train=True); gradients = net.backward(dy)     # by name of parameter and of input
    net.load("weights.safetensors"); net.state_dict()        # or .npz
    """

    def prepare(self) -> None:
        """No pass yet."""
        self.last: tuple[Pass, dict[str, Value], tuple[Value, ...]] | None = None

    def forward(self, net: Pass, *inputs: Any, **named: Any) -> Any:
        """How values go through the network."""
        raise NotImplementedError

    def __call__(self, /, *arrays: Any, train: bool = False, **named: Any) -> Any:
        """The output, or a named tuple of several; inputs by position or by name."""
        given = matched(self.inputs, self.conditions, self.dtype, arrays, named)
        net = Pass(self, train)
        values = {name: net.value(array) for name, array in given.items()}
        outcome = self.forward(net, *values.values())
        results = outcome if len(self.outputs) > 1 else (outcome,)
        if train:
            self.last = net, values, results
        return self.result(*(value.array for value in results)) if len(results) > 1 else results[0].array

    def backward(self, dy: Any) -> dict[str, Array]:
        """Gradients of every parameter and every real input by name, given those of the output of the last call.

        The call must have been in training, and is used up. Several outputs take a sequence, in their order.
        """
        if self.last is None:
            raise RuntimeError("backward needs a call with train=True before it, and uses it up")
        net, values, results = self.last
        self.last = None
        slopes: dict[int, Array] = {}
        for name, value, slope in zip(self.outputs, results, dy if len(results) > 1 else (dy,), strict=True):
            slope = np.asarray(slope, self.dtype)
            if slope.shape != value.array.shape:
                raise ValueError(f"{name} is {list(value.array.shape)}, and its gradient {list(slope.shape)}")
            slopes[value.slot] = slopes[value.slot] + slope if value.slot in slopes else slope
        found = net.backward(slopes)
        reals = {name: value for name, value in values.items() if not self.inputs[name].integer}
        return {
            **{name: found.get(name, np.zeros_like(array)) for name, array in self.parameters().items()},
            **{name: slopes.get(value.slot, np.zeros_like(value.array)) for name, value in reals.items()},
        }
