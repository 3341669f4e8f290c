"""The tensors that a network owns, under the names and in the order of torch's `state_dict`."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from archdsl.graph.nodes import Apply, Call, Graph, Repeat
from archdsl.ops import Op, Param, Params
from archdsl.sizes.shape import Shape


class Tensor(NamedTuple):
    """One parameter or buffer: its name in the state dict, its shape and first values, and its layer."""

    name: str
    param: Param
    layer: Apply

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the tensor: shape rules leave no weight with a free one."""
        sizes = tuple(size for size in self.param.shape if isinstance(size, int))
        assert len(sizes) == len(self.param.shape), f"{self.name} has no fixed shape"
        return sizes


def state(graph: Graph) -> list[Tensor]:
    """Every parameter and buffer, shared ones once.

    [(t.name, t.param.shape) for t in state(lenet)]      # [("0.weight", (6, 1, 5, 5)), ("0.bias", (6,)), …]
    """
    return list({tensor.name: tensor for tensor in _tensors(graph)}.values())


def _tensors(graph: Graph, prefix: str = "") -> Iterator[Tensor]:
    """A body's own parameters first (a layer that is nothing but one), then those of its layers and blocks."""
    for key, node in _modules(graph):
        if isinstance(node, Apply):
            params = _params(node)
            if "" in params:
                yield Tensor(f"{prefix}{key}", params[""], node)
    for key, node in _modules(graph):
        if isinstance(node, Call):
            yield from _tensors(node.graph, f"{prefix}{key}.")
            continue
        for name, param in _params(node).items():
            if name:
                yield Tensor(f"{prefix}{key}.{name}", param, node)


def _modules(graph: Graph, shift: int = 0) -> Iterator[tuple[str | None, Apply | Call]]:
    """The layers and calls of a body with their keys, those of repetitions in every pass. What owns no weights is left
    out of repetitions."""
    for step in graph.steps:
        if isinstance(step, Repeat):
            if _owns(step.graph):
                for index in range(step.count):
                    yield from _modules(step.graph, shift + index * step.stride)
        else:
            yield step.key if step.key is None or not shift else str(int(step.key) + shift), step


def _owns(graph: Graph) -> bool:
    """Whether a body owns parameters or buffers."""
    return any(_params(step) if isinstance(step, Apply) else _owns(step.graph) for step in graph.steps)


def _params(node: Apply) -> Params:
    params: Params = node.op.params(*(value.shape for value in node.inputs))
    return params


def parameters(graph: Graph) -> int:
    """How many numbers the network learns; buffers don't count. A body is counted once, however often it is called or
    repeated."""
    return _learned(graph, {}, {})


def _learned(graph: Graph, bodies: dict[Graph, int], layers: dict[tuple[Op, tuple[Shape, ...]], int]) -> int:
    """How many numbers a body learns; `bodies` and `layers` have been counted before."""
    total = 0
    for step in graph.steps:
        if isinstance(step, Call | Repeat):
            if isinstance(step, Call) and step.shares is not None:
                continue
            if step.graph not in bodies:
                bodies[step.graph] = _learned(step.graph, bodies, layers)
            total += bodies[step.graph] * (step.count if isinstance(step, Repeat) else 1)
            continue
        if step.key is None or step.shares is not None:
            continue
        alike = step.op, tuple([value.shape for value in step.inputs])
        if alike not in layers:
            own = (Tensor(name, param, step) for name, param in _params(step).items())
            layers[alike] = sum(prod(tensor.shape) for tensor in own if tensor.param.trainable)
        total += layers[alike]
    return total
