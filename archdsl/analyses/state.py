"""The tensors that a network owns, under the names and in the order of torch's `state_dict`."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from archdsl.graph.nodes import Apply, Call, Graph
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
    for node in graph.nodes:
        if isinstance(node, Apply):
            params = _params(node)
            if "" in params:
                yield Tensor(f"{prefix}{node.key}", params[""], node)
    for node in graph.nodes:
        if isinstance(node, Call):
            yield from _tensors(node.graph, f"{prefix}{node.key}.")
            continue
        for name, param in _params(node).items():
            if name:
                yield Tensor(f"{prefix}{node.key}.{name}", param, node)


def _params(node: Apply) -> Params:
    params: Params = node.op.params(*(value.shape for value in node.inputs))
    return params


def parameters(graph: Graph) -> int:
    """How many numbers the network learns; buffers don't count. A body is counted once, however often it is called."""
    return _learned(graph, {}, {})


def _learned(graph: Graph, bodies: dict[Graph, int], layers: dict[tuple[Op, tuple[Shape, ...]], int]) -> int:
    """How many numbers a body learns; `bodies` and `layers` have been counted before."""
    total = 0
    for node in graph.modules():
        if isinstance(node, Call):
            if node.graph not in bodies:
                bodies[node.graph] = _learned(node.graph, bodies, layers)
            total += bodies[node.graph]
            continue
        alike = node.op, tuple([value.shape for value in node.inputs])
        if alike not in layers:
            own = (Tensor(name, param, node) for name, param in _params(node).items())
            layers[alike] = sum(prod(tensor.shape) for tensor in own if tensor.param.trainable)
        total += layers[alike]
    return total
