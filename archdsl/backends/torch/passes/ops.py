"""Ops that the passes for PyTorch write: what is computed in memory that is there already."""

from __future__ import annotations

from archdsl.ops.activation import Elementwise
from archdsl.ops.base import Needs, Op, attribute
from archdsl.ops.chapters import FORMS
from archdsl.ops.combine import Add, Concat
from archdsl.ops.fused import FusedConv
from archdsl.sizes.shape import Shape


class OverwritingConv(FusedConv):
    """A convolution that adds a second input, and may write its result over it."""

    overwrites: bool = attribute(False, doc="whether the result may be written over the second input")


class InPlace(Elementwise):
    """An activation that overwrites its input, which nothing else reads."""

    name = "in_place"

    op: Op = attribute(doc="the activation")

    @property
    def gradient_needs(self) -> Needs:
        return self.op.gradient_needs

    def leaves_fresh_value(self, x: Shape) -> bool:
        return False


class AddTo(Add):
    """A sum that is written over its first arm, which nothing else reads."""

    name = "add_to"


class Room(Op):
    """A copy of a value with room behind it for more channels, into which `append` writes."""

    name = "room"
    chapter = FORMS

    channels: int = attribute(at_least=1, doc="channels in all")

    def infer(self, x: Shape) -> Shape:
        return x


class Append(Concat):
    """Join two values along the channels by writing the second into the room behind the first."""

    name = "append"

    def leaves_fresh_value(self, *xs: Shape) -> bool:
        return False
