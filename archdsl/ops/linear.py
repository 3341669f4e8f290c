"""Linear layers."""

from __future__ import annotations

from archdsl.diagnostics import Problem
from archdsl.ir.dim import Dim, product
from archdsl.ir.shape import Shape
from archdsl.ops.base import Op, Param, Params, Rejected, attribute
from archdsl.ops.init import DEFAULT, Initializer, lecun_uniform


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


class Linear(Op):
    """Multiply the last axis by a learned matrix and add a learned offset.

        linear(10)      # [N, 84] -> [N, 10]

    Every axis but the last is kept as it is. Images are flattened first: `flatten -> linear(10)`.

    Parameters: `weight` [features, input features], `bias` [features].
    """

    name = "linear"
    ranks = (2, 3)

    features: Dim = attribute(at_least=1, doc="output features")
    bias: bool = attribute(True, doc="whether each output feature has a learned offset")
    init: Initializer = attribute(DEFAULT, doc="how the first weights are drawn")

    @classmethod
    def rank_hint(cls, shape: Shape) -> str:
        if shape.rank < 4:
            return ""
        if isinstance(shape.dims[-1], int) and not all(isinstance(size, int) for size in shape.dims[1:-1]):
            return "at each place of an image it is conv(…, kernel=1), with the channels on axis 1"
        return "flatten turns an image into features: flatten -> linear(…)"

    def infer(self, x: Shape) -> Shape:
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
