"""The tensors that a network owns, under the names and in the order of torch's `state_dict`."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from archdsl.ir.graph import Apply, Graph, layers
from archdsl.ops import Param


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


def _tensors(graph: Graph) -> Iterator[Tensor]:
    for path, node in layers(graph):
        for name, param in node.op.params(*(value.shape for value in node.inputs)).items():
            yield Tensor(f"{path}.{name}" if path else name, param, node)


def parameters(graph: Graph) -> int:
    """How many numbers the network learns; buffers don't count."""
    return sum(prod(tensor.shape) for tensor in state(graph) if tensor.param.trainable)
