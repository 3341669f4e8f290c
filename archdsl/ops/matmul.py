"""The matrix product of two values."""

from __future__ import annotations

from archdsl.diagnostics import Problem
from archdsl.ops.base import Op, Rejected, attribute
from archdsl.ops.chapters import JOINS
from archdsl.ops.sight import Shapes, Sights, joined, mixed, renumbered
from archdsl.sizes.dim import Dim, product
from archdsl.sizes.prove import NOTHING_KNOWN, Known, equal
from archdsl.sizes.shape import Shape
from archdsl.sizes.verdict import SETTLE, Proved, Refuted, Verdict


class NoProduct(Problem):
    """A matrix product sums over the last axis of the first arm and the last but one of the second.

    input tokens: [N, 50, 64]
    matmul { | identity | identity }                      # error[no-product]: [50, 64] · [50, 64]
    matmul(transpose=true) { | identity | identity }      # good: [50, 64] · [64, 50]
    """

    code = "no-product"
    message = "{left} and {right} have no matrix product: {what}"
    label = "{what}"
    left: Shape
    right: Shape
    what: str
    fix: str = ""

    def help(self) -> str:
        return self.fix


class ProductUndecided(Problem):
    """Whether two values have a matrix product for every size could not be decided; unknown is never taken for good.

        input x: [N, A, B]
        input y: [N, B * min(1, (A ** 2 + 1 - B ** 3) ** 2), A]      # bad
        input y: [N, B, A]                                           # good
        matmul { | x | y }                                           # error[product-undecided]: is A * A + 1 a cube?
        matmul { | x | y }                                           # good

    Fixed sizes on the input settle it: `input tokens: [N, 50, 64]`.
    """

    code = "product-undecided"
    message = "whether {left} and {right} have a matrix product for every size is not known"
    left: Shape
    right: Shape

    def help(self) -> str:
        return SETTLE


LAYOUTS = {3: "[batch, rows, columns]", 4: "[batch, heads, rows, columns]", 5: "[batch, groups, heads, rows, columns]"}


class Matmul(Op):
    """Multiply two values as matrices, for each sample by itself.

        matmul { | query | key }                       # [N, 50, 64], [N, 64, 50] -> [N, 50, 50]
        matmul(transpose=true) { | query | key }       # [N, 50, 64], [N, 50, 64] -> [N, 50, 50]

    The last two axes are rows and columns; those before them, the batch among them, must be the same in both arms.
    """

    name = "matmul"
    arity = 2
    ranks = (3, 4, 5)
    layouts = LAYOUTS
    chapter = JOINS
    names_elsewhere = ("matmul", "bmm", "Dot")
    takes_equal_arms = True
    proves = True

    transpose: bool = attribute(False, doc="whether the second arm's rows and columns change places first")

    def infer(self, a: Shape, b: Shape, *, known: Known = NOTHING_KNOWN) -> Shape:
        if a.rank != b.rank:
            raise Rejected(NoProduct(a, b, "they differ in their axes"))
        inner, outer = self._second(b)
        for axis, (left, right) in enumerate(zip(a.dims[:-2], b.dims[:-2], strict=True)):
            _settle(equal(left, right, known), a, b, f"axis {axis} is {left} and {right}")
        met = f"{a.dims[-1]} columns meet {inner} rows"
        _settle(equal(a.dims[-1], inner, known), a, b, met, self._advice(a, b, known))
        return a.with_axis(a.rank - 1, outer)

    def macs(self, a: Shape, b: Shape) -> Dim:
        return product(a.dims) * self._second(b)[1]

    def _second(self, b: Shape) -> tuple[Dim, Dim]:
        """Rows and columns of the second factor."""
        return (b.dims[-1], b.dims[-2]) if self.transpose else (b.dims[-2], b.dims[-1])

    def _advice(self, a: Shape, b: Shape, known: Known) -> str:
        other = b.dims[-2] if self.transpose else b.dims[-1]
        if not isinstance(equal(a.dims[-1], other, known), Proved):
            return ""
        return f"matmul(transpose={'false' if self.transpose else 'true'}) fits"

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        """Rows come from the first arm, columns from the second; what is summed over is read as a whole."""
        rows, columns = xs[0].rank - 2, xs[0].rank - 1
        left, right = mixed(seen[0], (columns,)), seen[1]
        if self.transpose:
            right = renumbered(right, [*range(rows), columns, rows])
        return (joined((left, mixed(right, (rows,)))),)


def _settle(verdict: Verdict, a: Shape, b: Shape, what: str, fix: str = "") -> None:
    if isinstance(verdict, Refuted):
        raise Rejected(NoProduct(a, b, what, fix))
    if not isinstance(verdict, Proved):
        raise Rejected(ProductUndecided(a, b))
