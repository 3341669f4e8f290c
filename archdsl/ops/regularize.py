"""Ops that act in training only."""

from __future__ import annotations

from archdsl.ir.shape import Shape
from archdsl.ops.base import Op, attribute


class Dropout(Op):
    """In training, zero each value with probability `p` and scale the others by 1 / (1 - p).

        dropout(0.5)      # [N, 4096] -> [N, 4096]

    In evaluation it passes values through (Srivastava et al., 'Dropout', 2014, in its inverted form).
    """

    name = "dropout"
    is_random = True

    p: float = attribute(0.5, at_least=0, at_most=1, doc="probability that a value is zeroed")

    def infer(self, x: Shape) -> Shape:
        return x
