"""The tensors that a network owns, under the names and in the order of torch's `state_dict`."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from archdsl.ir.graph import Apply, Call, Graph
from archdsl.ops import Param, Params


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
    """How many numbers the network learns; buffers don't count."""
    return sum(prod(tensor.shape) for tensor in state(graph) if tensor.param.trainable)
