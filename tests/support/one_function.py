"""A network with weights and inputs that are nothing special, what it means, and what each backend makes of it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from copy import copy
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch

from archdsl import Network
from archdsl.analyses.state import state
from archdsl.graph.nodes import layers
from archdsl.sizes.shape import Shape
from support.torch_modules import batch_norm, reference

EXACT = 1e-10
"""How far float64 may be off, as a share of the largest value."""
CLOSE = 2e-5
"""How far float32 may be off."""
ROUNDED = {"hardsigmoid": 1e-7}
"""How far torch's own gradients in float64 are off, where it keeps a constant in float32."""

Result = tuple[list[Any], dict[str, Any]]
"""What a network leaves, and the gradients of its weights and inputs by name."""


class Meant(NamedTuple):
    """What a network should leave, the gradients of its weights and inputs, and its weights after the pass."""

    results: list[Any]
    slopes: dict[str, Any]
    state: dict[str, Any]


class Run:
    """A network at given sizes of its symbols; numbers are drawn by its name.

    run = Run(net, {"N": 3})
    same("NumPy in training", run.in_numpy(run.program()), run.meant(train=True))
    """

    def __init__(self, net: Network, sizes: Mapping[str, int], name: str = "") -> None:
        self.net = net
        self.numbers = np.random.default_rng(zlib.crc32(name.encode()))
        tensors = state(net.graph)
        self.state = {tensor.name: self._weight(tensor.name, tensor.shape) for tensor in tensors}
        self.inputs = {name: self._input(shape.at(sizes)) for name, shape in net.inputs.items()}
        self.shapes = [shape.at(sizes).dims for shape in net.outputs.values()]
        self.dys = [self.numbers.normal(0.2, 1, shape) for shape in self.shapes]
        self.learned = {tensor.name for tensor in tensors if tensor.param.trainable}
        self.learned |= {name for name, x in self.inputs.items() if x.dtype.kind == "f"}
        self.known: dict[bool, Meant] = {}

    def _input(self, shape: Shape) -> np.ndarray:
        if shape.kind == "int":
            return self.numbers.integers(0, 11, shape.dims)
        return self.numbers.normal(0.4, 2.5, shape.dims)

    def _weight(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        if name.endswith("num_batches_tracked"):
            return np.array(7)
        if name.endswith("running_var"):
            return self.numbers.uniform(0.4, 2.1, shape)
        fan = np.prod(shape[1:]) if len(shape) > 1 else 1
        return self.numbers.normal(0.3, 1, shape) / np.sqrt(fan)

    @cached_property
    def way(self) -> dict[str, np.ndarray]:
        """A direction in which weights and inputs can be moved."""
        both = {**self.state, **self.inputs}
        return {name: self.numbers.normal(0.1, 1, both[name].shape) for name in sorted(self.learned)}

    def moved(self, step: float) -> Run:
        """The same network with weights and inputs a little further along the way."""
        other = copy(self)
        for kind in ("state", "inputs"):
            arrays = getattr(self, kind)
            setattr(other, kind, {n: a + step * self.way[n] if n in self.way else a for n, a in arrays.items()})
        return other

    @cached_property
    def draws(self) -> bool:
        """Whether it draws numbers in training; attention does where it drops weights."""
        ops = [layer.node.op for layer in layers(self.net.graph)]
        return any(op.is_random and (op.name != "attention" or op.dropout > 0) for op in ops)

    def meant(self, train: bool) -> Meant:
        """The network run op by op, each by what it means."""
        if train not in self.known:
            weights, inputs = self.tensors()
            others = {"batch_norm": batch_norm(train)}
            left = reference(self.net.graph, weights, list(inputs.values()), others=others)
            self.known[train] = Meant(left, self.slopes(left, {**weights, **inputs}), weights)
        return self.known[train]

    def tensors(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Weights and inputs for torch, in float64."""
        weights = {name: torch.tensor(array) for name, array in self.state.items()}
        inputs = {name: torch.tensor(x) for name, x in self.inputs.items()}
        for name, tensor in (*weights.items(), *inputs.items()):
            tensor.requires_grad_(name in self.learned)
        return weights, inputs

    def slopes(self, results: list[Any], leaves: Mapping[str, Any]) -> dict[str, Any]:
        """The gradients of what is learned and of the inputs, given those of the results."""
        wanted = {name: leaf for name, leaf in leaves.items() if leaf.requires_grad}
        if not any(y.requires_grad for y in results):
            return {name: torch.zeros_like(leaf) for name, leaf in wanted.items()}
        dys = [torch.tensor(dy) for dy in self.dys]
        found = torch.autograd.grad(results, list(wanted.values()), dys, allow_unused=True)
        pairs = zip(wanted.items(), found, strict=True)
        return {name: torch.zeros_like(leaf) if slope is None else slope for (name, leaf), slope in pairs}

    def module(self, **options: Any) -> Any:
        """The module for PyTorch, in float64."""
        made = self.net.torch(**options).double()
        made.load_state_dict({name: torch.tensor(array) for name, array in self.state.items()})
        return made

    def program(self, dtype: Any = np.float64) -> Any:
        """The NumPy program."""
        made = self.net.numpy().astype(dtype)
        made.load_state_dict(self.state)
        return made

    def file(self, train: bool, **options: Any) -> Any:
        """The written NumPy file, run, with the weights."""
        space: dict[str, Any] = {"__name__": "written"}
        exec(compile(self.net.numpy_source(train=train), "written", "exec"), space)
        made = space[self.net.name](**options)
        made.load_state_dict(self.state)
        return made

    def in_torch(self, module: Any) -> Result:
        """What a module leaves, and the gradients of its weights and inputs."""
        _, inputs = self.tensors()
        left = listed(module(*inputs.values()))
        return left, self.slopes(left, {**dict(module.named_parameters()), **inputs})

    def in_numpy(self, program: Any) -> Result:
        """What a program leaves in training, and the gradients of its weights and inputs."""
        left = listed(program(*self.inputs.values(), train=True))
        return left, program.backward(self.dys if len(self.dys) > 1 else self.dys[0])

    def singles(self) -> list[Any]:
        """The inputs for torch, real numbers in float32."""
        return [torch.tensor(x.astype(np.float32) if x.dtype.kind == "f" else x) for x in self.inputs.values()]

    def rounding(self) -> float:
        """How far torch's own gradients may be off."""
        return max(ROUNDED.get(layer.node.op.name, EXACT) for layer in layers(self.net.graph))


def listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]


def array(x: Any) -> np.ndarray:
    return x.detach().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)


def close(what: str, got: Any, wanted: Any, tolerance: float) -> None:
    """Equal up to a share of the largest value; the message says what was computed by whom."""
    got, wanted = array(got), array(wanted)
    assert got.shape == wanted.shape, f"{what} is {got.shape}, and not {wanted.shape}"
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    off = float(np.abs(got.astype(np.float64) - wanted).max(initial=0)) / scale
    assert off <= tolerance, f"{what} is off by {off:.1e} of its largest value"


def leaves(what: str, got: Any, wanted: Meant, tolerance: float = EXACT) -> None:
    """The results are those that are meant."""
    for index, (y, other) in enumerate(zip(got, wanted.results, strict=True)):
        close(f"{what}: result {index}", y, other, tolerance)


def same(what: str, got: Result, wanted: Meant, rounding: float = EXACT) -> None:
    """Results and gradients are those that are meant."""
    leaves(what, got[0], wanted)
    assert got[1].keys() == wanted.slopes.keys(), f"{what} has gradients of {', '.join(got[1])}"
    for name, slope in wanted.slopes.items():
        close(f"{what}: the gradient of {name}", got[1][name], slope, rounding)


def keeps(what: str, state: Mapping[str, Any], wanted: Meant) -> None:
    """The weights after a pass in training are those that are meant: averages have moved."""
    for name, tensor in state.items():
        close(f"{what}: {name} after training", tensor, wanted.state[name], EXACT)
