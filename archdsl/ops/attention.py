"""Attention: each position of a sequence gathers what it needs from all others."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import ClassVar

from archdsl.diagnostics import Problem, listing
from archdsl.ops.base import Op, Param, Params, Rejected, attribute
from archdsl.ops.chapters import LINEAR
from archdsl.ops.init import DEFAULT, ZEROS, Init, Initializer, Uniform, lecun_uniform
from archdsl.ops.sight import Shapes, Sights, mixed
from archdsl.sizes.dim import Dim, product
from archdsl.sizes.shape import Shape


class UnevenHeads(Problem):
    """Each head works on an equal share of the features.

    input x: [N, 16, 30]
    attention(4)      # error[uneven-heads]
    attention(5)      # good: six features for each
    """

    code = "uneven-heads"
    message = "{heads} heads cannot split {features} features evenly"
    label = "{features} features come in"
    heads: int
    features: int

    def help(self) -> str:
        fitting = [n for n in range(1, min(self.features, 4096) + 1) if self.features % n == 0]
        near = sorted(sorted(fitting, key=lambda n: abs(n - self.heads))[:6])
        return f"heads can be {listing(near)}"


class Attention(Op):
    """Let each position of a sequence look at all of them (multi-head self-attention).

        attention(8)                                # [N, 196, 512] -> [N, 196, 512]
        attention(8, causal=true, dropout=0.1)      # [N, 196, 512] -> [N, 196, 512], as in language models

    Three learned projections turn each position's features into a query, a key and a value. They are split into heads;
    in each, a position gets the mean of all values, weighted by softmax(query · key / √(features / heads)). A fourth
    projection mixes what the heads leave. With `causal`, a position sees itself and earlier ones only.

    Parameters: `in_proj_weight` [3 · features, features], `in_proj_bias` [3 · features], `out_proj.weight`
    [features, features], `out_proj.bias` [features], as in torch's nn.MultiheadAttention. Multiply-adds are counted for
    the projections and for both products over all pairs of positions, with `causal` too.

    Vaswani et al., 'Attention is all you need', 2017.
    """

    name = "attention"
    ranks = (3,)
    layouts: ClassVar[Mapping[int, str]] = {3: "[batch, positions, features]"}
    is_random = True
    chapter = LINEAR
    names_elsewhere = ("MultiheadAttention", "MultiHeadAttention", "self_attention")

    heads: int = attribute(at_least=1, doc="parts that the features are split into; each attends by itself")
    dropout: float = attribute(0.0, at_least=0, at_most=1, doc="probability that a weight is zeroed in training")
    bias: bool = attribute(True, doc="whether the projections have learned offsets")
    causal: bool = attribute(False, doc="whether a position sees earlier ones only")
    init: Initializer = attribute(DEFAULT, doc="how the first weights of the projections are drawn")

    @classmethod
    def rank_hint(cls, shape: Shape) -> str:
        sequence = "a sequence of the image's positions comes first: flatten(start=2) -> permute([0, 2, 1])"
        return sequence if shape.rank > 3 else ""

    def infer(self, x: Shape) -> Shape:
        features = x.dims[2]
        if isinstance(features, int) and features % self.heads:
            raise Rejected(UnevenHeads(self.heads, features), at="heads")
        return x

    def params(self, x: Shape) -> Params:
        features = x.dims[2]
        inside, outside = (3 * features, features), (features, features)
        params = {"in_proj_weight": Param(inside, self.init.of(inside, xavier_uniform(inside)))}
        if self.bias:
            params["in_proj_bias"] = Param((3 * features,), ZEROS)
        params["out_proj.weight"] = Param(outside, self.init.of(outside, lecun_uniform(features)))
        if self.bias:
            params["out_proj.bias"] = Param((features,), ZEROS)
        return params

    def macs(self, x: Shape) -> Dim:
        _, positions, features = x.dims
        return product(x.dims) * (4 * features + 2 * positions)

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (mixed(seen[0], (1, 2)),)


def xavier_uniform(weight: tuple[Dim, Dim]) -> Init:
    """What torch gives the joined projections: U(-b, b) with b = √(6 / (inputs + outputs))."""
    fans = weight[0] + weight[1]
    return Uniform(sqrt(6 / fans)) if isinstance(fans, int) else ZEROS
