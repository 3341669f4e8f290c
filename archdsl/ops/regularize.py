"""Ops that act in training only."""

from __future__ import annotations

from archdsl.ops.base import NEITHER, Op, attribute
from archdsl.ops.chapters import REGULARIZATION
from archdsl.sizes.shape import Shape


class Dropout(Op):
    """In training, zero each value with probability `p` and scale the others by 1 / (1 - p).

        dropout(0.2)      # [N, 4096] -> [N, 4096], a fifth of the values

    In evaluation it passes values through (Srivastava et al., 'Dropout', 2014, in its inverted form).
    """

    name = "dropout"
    is_random = True
    chapter = REGULARIZATION
    names_elsewhere = ("Dropout",)
    is_noop_in_evaluation = True
    is_regularizer = True
    gradient_needs = NEITHER

    p: float = attribute(0.5, at_least=0, at_most=1, doc="probability that a value is zeroed")

    def infer(self, x: Shape) -> Shape:
        return x


class StochasticDepth(Op):
    """In training, zero whole samples with probability `p` and scale the others by 1 / (1 - p).

        add {                                                          # [N, 64, 8, 8] -> [N, 64, 8, 8]
            | identity
            | conv(64, kernel=3, padding=1) -> stochastic_depth(0.2)
        }

    At the end of a residual arm it leaves some samples to the shortcut alone. In evaluation it passes values through
    (Huang et al., 'Deep networks with stochastic depth', 2016, scaled as dropout is).
    """

    name = "stochastic_depth"
    is_random = True
    chapter = REGULARIZATION
    names_elsewhere = ("StochasticDepth", "drop_path", "DropPath")
    is_noop_in_evaluation = True
    is_regularizer = True
    gradient_needs = NEITHER

    p: float = attribute(0.1, at_least=0, at_most=1, doc="probability that a sample is zeroed")

    def infer(self, x: Shape) -> Shape:
        return x
