"""The tensors that a network owns, under the names and in the order of torch's `state_dict`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archdsl.ir.graph import Apply, Graph, layers
from archdsl.ops import Param


class Tensor(NamedTuple):
    """One parameter or buffer: its name in the state dict, its shape and first values, and its layer."""

    name: str
    param: Param
    layer: Apply


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
    total = 0
    for tensor in state(graph):
        if tensor.param.trainable:
            count = 1
            for size in tensor.param.shape:
                assert isinstance(size, int), f"{tensor.name} has no fixed shape"
                count *= size
            total += count
    return total
