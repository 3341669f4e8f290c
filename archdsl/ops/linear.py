"""Linear layers."""

from __future__ import annotations

from archdsl.diagnostics import Problem, listing
from archdsl.ops.base import RANKS, Op, Param, Params, Rejected, WrongRank, attribute
from archdsl.ops.chapters import LINEAR
from archdsl.ops.init import DEFAULT, Initializer, lecun_uniform
from archdsl.ops.reshape import axis_of, inner_axis
from archdsl.ops.sight import Shapes, Sights, mixed
from archdsl.sizes.dim import Dim, product
from archdsl.sizes.shape import Shape

PLAIN = (2, 3)
"""Numbers of axes of values that are no images: their last axis needs no word."""


class FreeFeatures(Problem):
    """A linear layer has one weight for each input feature, so their number must be known when compiling.

    input image: [N, 3, H, W]
    flatten -> linear(10)                         # error[free-features]: 3 * H * W features
    global_avg_pool -> flatten -> linear(10)      # good
    """

    code = "free-features"
    message = "linear needs a fixed number of features, and gets {features}"
    label = "the input is {shape}"
    features: Dim
    shape: Shape

    def help(self) -> str:
        return "put global_avg_pool or adaptive_avg_pool(…) before flatten, or give the input numbers for its sizes"


class NotTheLastAxis(Problem):
    """A linear layer works on the last axis; another one is brought to the end first.

    input image: [N, 3, 8, 8]
    linear(10, axis=1)                                 # error[not-the-last-axis]
    permute([0, 2, 3, 1]) -> linear(10, axis=-1)       # good: at each place of the image
    """

    code = "not-the-last-axis"
    message = "linear works on the last axis; axis {axis} of {shape} is another"
    axis: int
    shape: Shape

    def help(self) -> str:
        order = [*(axis for axis in range(self.shape.rank) if axis != self.axis), self.axis]
        return f"permute({order}) brings it to the end; then write axis=-1"


class Linear(Op):
    """Multiply the last axis by a learned matrix and add a learned offset.

        linear(10)      # [N, 84] -> [N, 10]

    Every axis but the last is kept as it is. Images are flattened first: `flatten -> linear(10)`. Where channels come
    last, at each place of an image, that is said:

        permute([0, 2, 3, 1]) -> linear(384, axis=-1)      # [N, 96, 56, 56] -> [N, 56, 56, 384]

    Parameters: `weight` [features, input features], `bias` [features].
    """

    name = "linear"
    chapter = LINEAR
    names_elsewhere = ("Linear", "Dense", "fc", "FullyConnected", "Gemm")
    sized_elsewhere = 2

    features: Dim = attribute(at_least=1, doc="output features")
    bias: bool = attribute(True, doc="whether each output feature has a learned offset")
    init: Initializer = attribute(DEFAULT, doc="how the first weights are drawn")
    axis: int | None = attribute(None, doc="the last axis; said where a value has more than three")

    @classmethod
    def rank_hint(cls, shape: Shape) -> str:
        if shape.rank < 4:
            return ""
        if isinstance(shape.dims[-1], int) and not all(isinstance(size, int) for size in shape.dims[1:-1]):
            return (
                "at each place of an image it is conv(…, kernel=1), with the channels on axis 1; "
                "where they come last on purpose, linear(…, axis=-1)"
            )
        return "flatten turns an image into features: flatten -> linear(…)"

    def infer(self, x: Shape) -> Shape:
        if self.axis is None and x.rank not in PLAIN:
            expected = listing(RANKS[rank] for rank in PLAIN)
            raise Rejected(WrongRank(self.name, expected, x, self.rank_hint(x)))
        if self.axis is not None and inner_axis(self.name, self.axis, x) != x.rank - 1:
            raise Rejected(NotTheLastAxis(axis_of(self.axis, x), x), at="axis")
        if not isinstance(x.dims[-1], int):
            raise Rejected(FreeFeatures(x.dims[-1], x))
        return x.with_axis(x.rank - 1, self.features)

    def params(self, x: Shape) -> Params:
        init = lecun_uniform(x.dims[-1])
        shape = (self.features, x.dims[-1])
        weight = Param(shape, self.init.of(shape, init))
        return {"weight": weight, **({"bias": Param((self.features,), init)} if self.bias else {})}

    def macs(self, x: Shape) -> Dim:
        return product(x.dims) * self.features

    def feature_axis(self, x: Shape) -> int:
        return x.rank - 1

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (mixed(seen[0], (xs[0].rank - 1,)),)
