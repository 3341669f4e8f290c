"""Reductions: ops that leave one value of many along some axes."""

from __future__ import annotations

from archdsl.ops.base import INPUT, NEITHER, RESULT, Integers, Op, attribute
from archdsl.ops.chapters import REDUCTIONS
from archdsl.ops.reshape import inner_axes
from archdsl.ops.sight import Shapes, Sights, mixed, renumbered
from archdsl.sizes.shape import Shape


class Reduction(Op):
    """The base of ops that reduce axes to one value; the batch is never one of them."""

    chapter = REDUCTIONS

    axes: Integers = attribute(doc="the axis that is reduced, or a list of them, counted from 0 (the batch)")
    keep: bool = attribute(False, doc="whether reduced axes stay, with size 1")

    def infer(self, x: Shape) -> Shape:
        axes = inner_axes(self.name, self.axes, x, at="axes")
        if self.keep:
            return Shape(tuple(1 if axis in axes else dim for axis, dim in enumerate(x.dims)), x.kind)
        return Shape(tuple(dim for axis, dim in enumerate(x.dims) if axis not in axes), x.kind)

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        """Axes that are reduced are read as a whole; those behind them move up."""
        gone = {axis % xs[0].rank for axis in self.axes}
        kept = [axis for axis in range(xs[0].rank) if self.keep or axis not in gone]
        return (renumbered(mixed(seen[0], gone), kept),)


class Mean(Reduction):
    """Average over axes.

    mean([2, 3])                  # [N, 64, 7, 7] -> [N, 64]
    mean([2, 3], keep=true)       # [N, 64, 7, 7] -> [N, 64, 1, 1]
    """

    name = "mean"
    names_elsewhere = ("mean", "ReduceMean")
    gradient_needs = NEITHER


class Max(Reduction):
    """Keep the largest value over axes.

        max(1, keep=true)      # [N, 64, 7, 7] -> [N, 1, 7, 7]

    Values that are equally large share the gradient.
    """

    name = "max"
    names_elsewhere = ("amax", "ReduceMax")
    gradient_needs = (*INPUT, *RESULT)
