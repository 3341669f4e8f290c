"""Batch norms in evaluation: a scale and an offset for each channel, folded into the weights of their neighbours."""

from __future__ import annotations

from collections.abc import Callable

from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.ops.base import Op
from archdsl.ops.fused import FusedConv, FusedLinear, FusedNorm, Norm, Part, Prologue
from archdsl.ops.norm import BatchNorm
from archdsl.passes.bodies import in_every_body, merged, moved, pairs, rebuilt
from archdsl.record import replace


def always(layer: Apply) -> bool:
    """A backend has kernels for any such layer."""
    return True


def fold_norms_after(graph: Graph, takes: Callable[[Apply], bool] = always) -> Graph:
    """Fold a norm into the convolution or linear layer before it, where the backend's kernel of that takes it.

    batch_norm(conv(x))  ->  conv(x), its weight scaled and its bias shifted
    """

    def fits(layer: Apply, norm: Apply) -> bool:
        return isinstance(norm.op, BatchNorm) and _takes_channels(layer, layer.shapes[0].rank) and takes(layer)

    def merge(layer: Apply, norm: Apply) -> Apply:
        part = replace(_part(layer), after=_norm(norm))
        return replace(layer, op=replace(layer.op, parts=(part,), bias=True), label=norm.label)

    return in_every_body(graph, lambda body: merged(body, pairs(body, fits), merge))


def fold_norms_before(graph: Graph) -> Graph:
    """Fold a norm into the convolution or linear layer after it.

        conv(batch_norm(x))  ->  conv(x), its weight scaled and its bias shifted

    A convolution with padding stays: its zeros would have to be what the norm makes 0 of, which differs by channel.
    """

    def fits(norm: Apply, layer: Apply) -> bool:
        unpadded = not any(getattr(layer.op, "padding", ()))
        return isinstance(norm.op, BatchNorm) and unpadded and _takes_channels(layer, layer.inputs[0].shape.rank)

    def merge(norm: Apply, layer: Apply) -> Apply:
        part = replace(_part(layer), before=_norm(norm))
        return replace(layer, op=replace(layer.op, parts=(part,), bias=True), inputs=norm.inputs)

    return in_every_body(graph, lambda body: merged(body, pairs(body, fits), merge))


def norms_as_prologues(graph: Graph, takes: Callable[[Apply, Op | None], bool]) -> Graph:
    """Let a convolution normalize and activate what it reads, where the backend's kernel does so before it computes.

        conv(relu(batch_norm(x)))  ->  conv(x), with a prologue of batch_norm and relu

    Nothing is folded into weights, so that an activation may stand between, and the zeros of padding stay zeros.
    """

    def fits(norm: Apply, conv: Apply) -> bool:
        if not isinstance(norm.op, FusedNorm) or not isinstance(conv.op, FusedConv):
            return False
        return conv.inputs[0].node is norm and takes(conv, norm.op.activation)

    def merge(norm: Apply, conv: Apply) -> Apply:
        assert isinstance(norm.op, FusedNorm)
        (part,) = norm.op.parts
        assert part.after is not None, "a norm by itself is what comes after nothing"
        prologue = Prologue(part.after, norm.op.activation)
        return replace(conv, op=replace(conv.op, prologue=prologue), inputs=(*norm.inputs, *conv.inputs))

    return in_every_body(graph, lambda body: merged(body, pairs(body, fits), merge))


def scale_in_norms_place(graph: Graph, takes: Callable[[Apply], bool] = always) -> Graph:
    """Make a norm that could not be folded one multiplication and one addition, where the backend has a kernel for it.

    batch_norm(x)  ->  fused_norm(x), x · weight + bias
    """

    def change(node: Apply | Call, inputs: tuple[Value, ...]) -> Apply | Call:
        if isinstance(node, Call) or not isinstance(node.op, BatchNorm) or not takes(node):
            return moved(node, inputs)
        return replace(node, op=FusedNorm((Part(after=_norm(node)),)), inputs=inputs)

    return in_every_body(graph, lambda body: rebuilt(body, change))


def _takes_channels(layer: Apply, rank: int) -> bool:
    """Whether axis 1, which a norm scales, is one that the weight of a layer has an axis for."""
    return isinstance(layer.op, FusedConv) or (isinstance(layer.op, FusedLinear) and rank == 2)


def _part(layer: Apply) -> Part:
    """The recipe of a layer's weights so far."""
    assert isinstance(layer.op, FusedConv | FusedLinear)
    (part,) = layer.op.parts or (Part(layer.weights, layer.op.bias),)
    return part


def _norm(node: Apply) -> Norm:
    assert isinstance(node.op, BatchNorm)
    return Norm(node.weights, node.op.eps, node.op.affine)
