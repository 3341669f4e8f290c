"""Ops that move values without computing."""

from __future__ import annotations

from archdsl.diagnostics import Problem
from archdsl.ir.dim import product
from archdsl.ir.shape import Shape
from archdsl.ops.base import Op, Rejected, attribute


class NoSuchAxis(Problem):
    """An axis is counted from 0, or from -1 backwards, and must exist.

    input features: [N, 10]
    softmax(axis=2)      # error[no-such-axis]
    """

    code = "no-such-axis"
    message = "there is no axis {axis} in {shape}"
    axis: int
    shape: Shape

    def help(self) -> str:
        return f"axes go from 0 (batch) to {self.shape.rank - 1}, or from -1 back to -{self.shape.rank}"


def axis_of(axis: int, shape: Shape, at: str = "axis") -> int:
    """The axis counted from 0; one that does not exist is rejected."""
    if not -shape.rank <= axis < shape.rank:
        raise Rejected(NoSuchAxis(axis, shape), at=at)
    return axis % shape.rank


class Flatten(Op):
    """Join all axes from one on into a single axis.

    flatten      # [N, 16, 5, 5] -> [N, 400]
    """

    name = "flatten"
    is_view = True

    start: int = attribute(1, doc="the first axis that is joined")

    def infer(self, x: Shape) -> Shape:
        start = axis_of(self.start, x, at="start")
        return Shape((*x.dims[:start], product(x.dims[start:])), x.kind)


class Identity(Op):
    """Pass the value through, as a shortcut does.

    add { | conv(64, kernel=3, padding=1) | identity }
    """

    name = "identity"
    is_view = True

    def infer(self, x: Shape) -> Shape:
        return x
