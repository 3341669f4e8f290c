"""What the fused kernels of PyTorch can do: the activations that they take in, by the names that they go by there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archdsl.graph.nodes import Apply
from archdsl.ops.activation import Hardswish, LeakyRelu, Relu, Relu6, Sigmoid, Tanh
from archdsl.ops.base import Op
from archdsl.ops.combine import Arithmetic
from archdsl.ops.fused import FusedConv

KERNELS: dict[type, tuple[str, Callable[[Any], tuple[float, ...]]]] = {
    Relu: ("relu", lambda op: ()),
    Relu6: ("hardtanh", lambda op: (0.0, 6.0)),
    LeakyRelu: ("leaky_relu", lambda op: (op.slope,)),
    Sigmoid: ("sigmoid", lambda op: ()),
    Tanh: ("tanh", lambda op: ()),
    Hardswish: ("hardswish", lambda op: ()),
}
"""The activations that oneDNN's kernels take in: what each is called there, and the numbers that it takes."""

AFTER_SUMS = (Relu,)
"""Those of them that follow a sum."""


def takes(layer: Apply, activation: Op) -> bool:
    """Whether the kernel of a layer applies an activation to what it leaves; joins have no such kernel."""
    if isinstance(layer.op, Arithmetic):
        return False
    adds = isinstance(layer.op, FusedConv) and layer.op.adds
    return type(activation) in (AFTER_SUMS if adds else KERNELS)
