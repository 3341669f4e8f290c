"""Activations: functions of each value by itself, and softmax over one axis."""

from __future__ import annotations

from archdsl.ir.shape import Shape
from archdsl.ops.base import Op, attribute
from archdsl.ops.reshape import axis_of


class Elementwise(Op):
    """The base of ops that keep the shape and treat each value by itself."""

    def infer(self, x: Shape) -> Shape:
        return x


class Relu(Elementwise):
    """Keep what is positive: max(x, 0).

    relu      # [N, 64, 32, 32] -> [N, 64, 32, 32]
    """

    name = "relu"


class Sigmoid(Elementwise):
    """Squash each value into 0…1: 1 / (1 + exp(-x)).

    sigmoid      # [N, 120] -> [N, 120]
    """

    name = "sigmoid"


class Tanh(Elementwise):
    """Squash each value into -1…1: the hyperbolic tangent.

    tanh      # [N, 120] -> [N, 120]
    """

    name = "tanh"


class Softmax(Op):
    """Turn values along an axis into probabilities: exp(x) / Σ exp(x).

        softmax      # [N, 10] -> [N, 10], each row sums to 1

    Losses such as cross entropy take the values before softmax; a classifier that is to be trained ends without it.
    """

    name = "softmax"

    axis: int = attribute(1, doc="the axis that sums to 1, counted from 0; negative counts from the end")

    def infer(self, x: Shape) -> Shape:
        axis_of(self.axis, x)
        return x
