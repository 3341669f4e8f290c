"""Ops that give a value another form without computing, and the rules for axes."""

from __future__ import annotations

from archdsl.diagnostics import Problem, listing
from archdsl.ops.base import NEITHER, Integers, Op, Rejected, attribute
from archdsl.ops.chapters import FORMS
from archdsl.ops.sight import Shapes, Sights, renumbered, reshaped
from archdsl.sizes.dim import Dim, product
from archdsl.sizes.shape import Shape


class NoSuchAxis(Problem):
    """An axis is counted from 0, or from -1 backwards, and must exist.

    input features: [N, 10]
    softmax(axis=2)      # error[no-such-axis]
    softmax(axis=1)      # good
    """

    code = "no-such-axis"
    message = "there is no axis {axis} in {shape}"
    axis: int
    shape: Shape

    def help(self) -> str:
        return f"axes go from 0 (batch) to {self.shape.rank - 1}, or from -1 back to -{self.shape.rank}"


class BatchAxis(Problem):
    """Samples of a batch don't see each other: nothing is reduced or cut along axis 0.

    input image: [N, 3, 32, 32]
    mean([0, 2])      # error[batch-axis]
    mean([2, 3])      # good
    """

    code = "batch-axis"
    message = "{op} cannot act along axis 0, the batch"
    label = "the input is {shape}"
    op: str
    shape: Shape

    def help(self) -> str:
        if self.shape.rank < 2:
            return ""
        return f"the other axes are {listing((str(axis) for axis in range(1, self.shape.rank)), 'and')}"


class RepeatedAxis(Problem):
    """An axis can be named once.

    input image: [N, 3, 32, 32]
    mean([2, -2])      # error[repeated-axis]: both are the rows
    mean([2, -1])      # good: rows and columns
    """

    code = "repeated-axis"
    message = "axis {axis} of {shape} is named twice"
    axis: int
    shape: Shape


class NotAnOrder(Problem):
    """A permutation names every axis once, the batch first.

    input image: [N, 3, 32, 32]
    permute([0, 2, 3])         # error[not-an-order]
    permute([0, 2, 3, 1])      # good
    """

    code = "not-an-order"
    message = "[{order}] is no order of the axes of {shape}"
    order: str
    shape: Shape

    def help(self) -> str:
        rank = self.shape.rank
        example = [0, *range(2, rank), 1] if rank > 1 else [0]
        return f"name every axis from 0 to {rank - 1} once, the batch first: permute({example})"


def axis_of(axis: int, shape: Shape, at: str = "axis") -> int:
    """The axis counted from 0; one that does not exist is rejected."""
    if not -shape.rank <= axis < shape.rank:
        raise Rejected(NoSuchAxis(axis, shape), at=at)
    return axis % shape.rank


def inner_axis(op: str, axis: int, shape: Shape, at: str = "axis") -> int:
    """The axis counted from 0; the batch is rejected too."""
    found = axis_of(axis, shape, at)
    if found == 0:
        raise Rejected(BatchAxis(op, shape), at=at)
    return found


def inner_axes(op: str, axes: Integers, shape: Shape, at: str = "axes") -> Integers:
    """Several axes counted from 0, each named once and none the batch."""
    found = tuple(inner_axis(op, axis, shape, at) for axis in axes)
    for axis in found:
        if found.count(axis) > 1:
            raise Rejected(RepeatedAxis(axis, shape), at=at)
    return found


class Flatten(Op):
    """Join all axes from one on into a single axis.

    flatten      # [N, 16, 5, 5] -> [N, 400]
    """

    name = "flatten"
    is_view = True
    chapter = FORMS
    names_elsewhere = ("Flatten",)
    gradient_needs = NEITHER

    start: int = attribute(1, doc="the first axis that is joined")

    def infer(self, x: Shape) -> Shape:
        start = axis_of(self.start, x, at="start")
        return Shape((*x.dims[:start], product(x.dims[start:])), x.kind)

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return x == y

    def is_samplewise(self, x: Shape) -> bool:
        return axis_of(self.start, x) > 0

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (reshaped(seen[0], xs[0], ys[0]),)


class Identity(Op):
    """Pass the value through, as a shortcut does.

    add { | conv(64, kernel=3, padding=1) | identity }      # [N, 64, 8, 8] -> [N, 64, 8, 8]
    """

    name = "identity"
    is_view = True
    chapter = FORMS
    names_elsewhere = ("Identity",)
    is_noop_in_evaluation = True
    gradient_needs = NEITHER

    def infer(self, x: Shape) -> Shape:
        return x

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return True


class Permute(Op):
    """Put the axes into another order; the batch stays first.

    permute([0, 2, 3, 1])      # [N, 64, 7, 5] -> [N, 7, 5, 64]
    """

    name = "permute"
    is_view = True
    chapter = FORMS
    names_elsewhere = ("permute", "transpose", "Transpose")
    gradient_needs = NEITHER

    axes: Integers = attribute(doc="every axis of the input once, in the order of the output; 0, the batch, is first")

    def infer(self, x: Shape) -> Shape:
        order = tuple(axis_of(axis, x, at="axes") for axis in self.axes)
        if sorted(order) != list(range(x.rank)) or order[0] != 0:
            raise Rejected(NotAnOrder(", ".join(map(str, self.axes)), x), at="axes")
        dims: tuple[Dim, ...] = tuple(x.dims[axis] for axis in order)
        return Shape(dims, x.kind)

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return all(axis % x.rank == place for place, axis in enumerate(self.axes))

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (renumbered(seen[0], [axis % xs[0].rank for axis in self.axes]),)
