"""Ops that passes write and no spec can: layers that do the work of several, in the words of no backend.

Each tells by its `parts` which layers of the spec it stands for, so that weights made for the spec can be turned into
its own (`Part`). None of them is in the list of ops: the language does not reach them.
"""

from __future__ import annotations

from typing import TypeAlias

from archdsl.ops.base import Op, Param, Params, attribute
from archdsl.ops.chapters import JOINS, NORMS
from archdsl.ops.conv import Conv
from archdsl.ops.init import ONES, ZEROS
from archdsl.ops.linear import Linear
from archdsl.record import Record
from archdsl.sizes.dim import Dim
from archdsl.sizes.shape import Shape


class Norm(Record):
    """A batch norm that is folded into another layer: the path of its weights in the body, what it adds to the
    variance, and whether it has weights besides its statistics."""

    layer: str
    eps: float
    affine: bool = True

    def __str__(self) -> str:
        return self.layer


class Part(Record):
    """One layer of the spec whose work a fused layer does, by the path of its weights in the body.

        Part("conv1", after=Norm("bn1", 1e-5))      # conv1 -> bn1

    `bias` says whether the layer has an offset of its own; a norm by itself has no layer, and is `after`.

    This is the recipe of the fused layer's weights. With s = weight / √(variance + eps) and t = bias - mean · s of a
    norm, the one after turns the layer's weight W and bias b into s · W and s · b + t, channel by channel of its
    output; the one before turns them into W · s, channel by channel of its input, and b + Σ W · t. A fused layer with
    several parts has their outputs one after the other.
    """

    layer: str = ""
    bias: bool = False
    after: Norm | None = None
    before: Norm | None = None

    def __str__(self) -> str:
        return " -> ".join(str(step) for step in (self.before, self.layer, self.after) if step)


Parts: TypeAlias = tuple[Part, ...]

_PARTS = "layers of the spec whose weights make the weights; none if they are the layer's own"
_ACTIVATION = "function applied to each value at the end"
_PROLOGUE = "what is done to the first input before it is read"
_ADDS = "whether a second input is added before the activation"


class Prologue(Record):
    """What is done to an input before a layer reads it: a norm with fixed averages, and perhaps an activation."""

    norm: Norm
    activation: Op | None = None


class FusedConv(Conv):
    """A convolution, with norms folded into its weights, a second input added to its output, and an activation.

    y = activation(conv(prologue(x)) + other)
    """

    name = "fused_conv"

    parts: Parts = attribute((), doc=_PARTS)
    activation: Op | None = attribute(None, doc=_ACTIVATION)
    adds: bool = attribute(False, doc=_ADDS)
    prologue: Prologue | None = attribute(None, doc=_PROLOGUE)

    def infer(self, x: Shape, other: Shape | None = None) -> Shape:
        assert (other is not None) == self.adds
        return super().infer(x)

    def params(self, x: Shape, other: Shape | None = None) -> Params:
        return super().params(x)

    def macs(self, x: Shape, other: Shape | None = None) -> Dim:
        return super().macs(x)


class FusedLinear(Linear):
    """A linear layer, with norms folded into its weights, and an activation."""

    name = "fused_linear"

    parts: Parts = attribute((), doc=_PARTS)
    activation: Op | None = attribute(None, doc=_ACTIVATION)


class FusedNorm(Op):
    """A batch norm in evaluation, which is a scale and an offset for each channel, and an activation.

    Parameters: `weight`, `bias` [channels].
    """

    name = "fused_norm"
    ranks = (2, 3, 4, 5)
    chapter = NORMS

    parts: Parts = attribute(doc=_PARTS)
    activation: Op | None = attribute(None, doc=_ACTIVATION)

    def infer(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Params:
        return {"weight": Param((x.channels,), ONES), "bias": Param((x.channels,), ZEROS)}


class FusedJoin(Op):
    """A sum, a difference or a product of values, and an activation."""

    name = "fused_join"
    arity = "many"
    chapter = JOINS

    join: Op = attribute(doc="how values are joined")
    activation: Op | None = attribute(None, doc=_ACTIVATION)

    def infer(self, *xs: Shape) -> Shape | tuple[Shape, ...]:
        return self.join.infer(*xs)
