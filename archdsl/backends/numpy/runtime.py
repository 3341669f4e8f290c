"""What runs a network: its weights, a pass forward, and the way back.

A subclass of `Network` says which inputs, outputs and weights it has, and how values go through it:

    def forward(self, net: Pass, image: Value) -> Value:
        x = net(conv, image, layer="0", padding=2)
        return net(sigmoid, x)
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy, deepcopy
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from archdsl.backends.numpy.files import read
from archdsl.backends.numpy.kernels.array import Array

Draw: TypeAlias = Callable[[np.random.Generator, tuple[int, ...]], Any]


def constant(value: float) -> Draw:
    """First values that are all the same."""
    return lambda rng, shape: np.full(shape, value)


def uniform(bound: float) -> Draw:
    """First values spread evenly from -bound to bound."""
    return lambda rng, shape: rng.uniform(-bound, bound, shape)


def normal(deviation: float) -> Draw:
    """First values spread normally around 0."""
    return lambda rng, shape: rng.normal(0, deviation, shape)


class Input(NamedTuple):
    """What an input must look like: numbers are sizes, text stands for any size, the same wherever it stands."""

    sizes: tuple[int | str, ...]
    integer: bool = False

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.sizes))}]"


class Tensor(NamedTuple):
    """A parameter, or a buffer (`trainable=False`), and how its first values are drawn."""

    shape: tuple[int, ...]
    draw: Draw
    trainable: bool = True
    integer: bool = False


class Value(NamedTuple):
    """An array on its way through the network, and the slot that its gradient will have."""

    array: Array
    slot: int


class Record(NamedTuple):
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
        self.records: list[Record] = []
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
            self.records.append(Record(pullback, layer, *slots, empty))
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


AnyNetwork = TypeVar("AnyNetwork", bound="Network")


class Network:
    """A network that runs on NumPy.

    y = net(x)                                               # inference
    y = net(x, train=True); gradients = net.backward(dy)     # by name of parameter and of input
    net.load("weights.safetensors"); net.state_dict()        # or .npz
    """

    def __init__(
        self,
        inputs: Mapping[str, Input],
        outputs: Sequence[str],
        tensors: Mapping[str, Tensor],
        seed: int = 0,
        dtype: Any = np.float32,
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.tensors = tensors
        self.dtype = np.dtype(dtype)
        self.rng = np.random.default_rng(seed)
        self.state = {
            name: np.array(tensor.draw(self.rng, tensor.shape), np.int64 if tensor.integer else self.dtype)
            for name, tensor in tensors.items()
        }
        self.owned: dict[str, dict[str, str]] = {"": {}}
        self.result: Callable[..., Any] = namedtuple("Outputs", outputs)  # type: ignore[misc]
        self.last: tuple[Pass, dict[str, Value], tuple[Value, ...]] | None = None

    def forward(self, net: Pass, *inputs: Any, **named: Any) -> Any:
        """How values go through the network."""
        raise NotImplementedError

    def __call__(self, /, *arrays: Any, train: bool = False, **named: Any) -> Any:
        """The output, or a named tuple of several; inputs by position or by name."""
        given = _matched(self.inputs, self.dtype, arrays, named)
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

    def arguments(self, layer: str) -> dict[str, str]:
        """The names of a layer's weights by its kernel's arguments: {"weight": "0.weight", "bias": "0.bias"}.

        A layer that is nothing but one tensor gives it as `value`.
        """
        if layer not in self.owned:
            inner = {name: name.removeprefix(f"{layer}.") for name in self.tensors if name.startswith(f"{layer}.")}
            inner |= {layer: "value"} if layer in self.tensors else {}
            self.owned[layer] = {argument.replace(".", "_"): name for name, argument in inner.items()}
        return self.owned[layer]

    def parameters(self) -> dict[str, Array]:
        """What is learned, by name: the arrays themselves, to be changed in place."""
        return {name: array for name, array in self.state.items() if self.tensors[name].trainable}

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter and buffer, by name."""
        return {name: array.copy() for name, array in self.state.items()}

    def load_state_dict(self, arrays: Mapping[str, Any]) -> None:
        """Take over every parameter and buffer; names and shapes must match."""
        given = {name: np.asarray(array) for name, array in arrays.items()}
        wrong = [
            f"{name} is {list(given[name].shape)}, not {list(array.shape)}"
            for name, array in self.state.items()
            if name in given and given[name].shape != array.shape
        ]
        facts = [
            *_listed("missing", [name for name in self.state if name not in given]),
            *_listed("unexpected", [name for name in given if name not in self.state]),
            *_listed("of the wrong shape", wrong),
        ]
        if facts:
            raise ValueError(f"the arrays don't fit the network: {'; '.join(facts)}")
        for name, array in self.state.items():
            array[...] = given[name]

    def load(self: AnyNetwork, path: str | Path) -> AnyNetwork:
        """Take over the arrays of a .safetensors or .npz file."""
        self.load_state_dict(read(Path(path), room=sum(16 * array.size + 1024 for array in self.state.values())))
        return self

    def astype(self: AnyNetwork, dtype: Any) -> AnyNetwork:
        """A copy that computes in another precision."""
        twin = copy(self)
        twin.dtype, twin.rng, twin.last = np.dtype(dtype), deepcopy(self.rng), None
        twin.state = {
            name: array.copy() if self.tensors[name].integer else array.astype(dtype)
            for name, array in self.state.items()
        }
        return twin


def _matched(
    inputs: Mapping[str, Input], dtype: np.dtype[Any], arrays: Sequence[Any], named: Mapping[str, Any]
) -> dict[str, Array]:
    """The arrays by input, in the network's precision; what does not fit is refused."""
    given = dict(zip(inputs, arrays, strict=False))
    if len(arrays) > len(inputs) or given.keys() & named.keys() or given.keys() | named.keys() != inputs.keys():
        raise TypeError(f"the network takes each of these once: {', '.join(inputs)}")
    given.update(named)
    sizes: dict[str, tuple[int, str]] = {}
    matched = {}
    for name, wanted in inputs.items():
        array = np.asarray(given[name])
        if wanted.integer and array.dtype.kind not in "iu":
            raise ValueError(f"{name} takes whole numbers, and gets {array.dtype}")
        if len(array.shape) != len(wanted.sizes) or any(
            isinstance(size, int) and size != got for size, got in zip(wanted.sizes, array.shape, strict=True)
        ):
            raise ValueError(f"{name} takes {wanted}, and gets {list(array.shape)}")
        for size, got in zip(wanted.sizes, array.shape, strict=True):
            known, where = sizes.setdefault(str(size), (got, name))
            if known != got:
                raise ValueError(f"{name} takes {wanted}, and gets {list(array.shape)}: {size} is {known} in {where}")
        matched[name] = array if wanted.integer else array.astype(dtype, copy=False)
    return matched


def _listed(what: str, names: Iterable[str], shown: int = 5) -> list[str]:
    """One phrase on names that are wrong in one way, or nothing."""
    all_names = list(names)
    more = f" and {len(all_names) - shown} more" if len(all_names) > shown else ""
    return [f"{what}: {', '.join(all_names[:shown])}{more}"] if all_names else []
