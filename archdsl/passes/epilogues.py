"""Activations, taken into the step before them."""

from __future__ import annotations

from collections.abc import Callable

from archdsl.graph.nodes import Apply, Graph
from archdsl.ops.base import Op
from archdsl.ops.combine import Arithmetic
from archdsl.ops.fused import FusedConv, FusedJoin, FusedLinear, FusedNorm
from archdsl.passes.bodies import in_every_body, merged, pairs
from archdsl.record import replace

Takes = Callable[[Apply, Op], bool]
"""Whether a backend's kernel of a layer applies an activation to what it leaves."""


def fuse_activations(graph: Graph, takes: Takes) -> Graph:
    """Let a convolution, a linear layer, a norm or a join apply the activation after it, where the backend's kernel
    takes it.

        relu(conv(x))  ->  conv(x, activation=relu)
    """

    def fits(layer: Apply, activation: Apply) -> bool:
        is_layer = isinstance(layer.op, FusedConv | FusedLinear | FusedNorm) and layer.op.activation is None
        is_free = is_layer or isinstance(layer.op, Arithmetic)
        return is_free and activation.op.is_pointwise and takes(layer, activation.op)

    def merge(layer: Apply, activation: Apply) -> Apply:
        op = FusedJoin(layer.op) if isinstance(layer.op, Arithmetic) else layer.op
        return replace(layer, op=replace(op, activation=activation.op), label=activation.label)

    return in_every_body(graph, lambda body: merged(body, pairs(body, fits), merge))
