"""Embeddings: learned vectors for whole numbers."""

from __future__ import annotations

from archdsl.ops.base import Op, Param, Params, attribute
from archdsl.ops.chapters import LINEAR
from archdsl.ops.init import DEFAULT, Initializer, Normal
from archdsl.ops.sight import each_place
from archdsl.sizes.dim import Dim
from archdsl.sizes.shape import Shape


class Embedding(Op):
    """Replace each whole number by the learned vector of that number.

        embedding(1000, 64)      # int [N, T] -> [N, T, 64]

    The input holds whole numbers from 0 to count - 1, such as the numbers of words in a vocabulary, and is declared so:
    `input tokens: int [N, T]`.

    Parameters: `weight` [count, features], drawn from a normal distribution around 0 with deviation 1.

    Bengio et al., 'A neural probabilistic language model', 2003.
    """

    name = "embedding"
    takes = "int"
    sees = each_place
    chapter = LINEAR
    names_elsewhere = ("Embedding", "Embed")

    count: int = attribute(at_least=1, doc="how many different numbers there are")
    features: Dim = attribute(at_least=1, doc="length of each vector")
    init: Initializer = attribute(DEFAULT, doc="how the first vectors are drawn")

    def infer(self, x: Shape) -> Shape:
        return Shape((*x.dims, self.features))

    def params(self, x: Shape) -> Params:
        shape = (self.count, self.features)
        return {"weight": Param(shape, self.init.of(shape, Normal(1.0)))}
