"""Activations: functions of each value by itself, and softmax over one axis."""

from __future__ import annotations

from archdsl.ops.base import Op, Param, Params, attribute
from archdsl.ops.init import Constant
from archdsl.ops.reshape import axis_of
from archdsl.sizes.shape import Shape


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


class Relu6(Elementwise):
    """Keep what is positive, up to 6: min(max(x, 0), 6).

        relu6      # [N, 64, 32, 32] -> [N, 64, 32, 32]

    Krizhevsky, 'Convolutional deep belief networks on CIFAR-10', 2010.
    """

    name = "relu6"


class LeakyRelu(Elementwise):
    """Keep what is positive and scale down what is negative: x, or slope · x.

        leaky_relu(0.2)      # [N, 64, 32, 32] -> [N, 64, 32, 32]

    Maas, Hannun, Ng, 'Rectifier nonlinearities improve neural network acoustic models', 2013.
    """

    name = "leaky_relu"

    slope: float = attribute(0.01, doc="factor of negative values")


class Prelu(Elementwise):
    """Keep what is positive and scale what is negative by a learned factor: x, or weight · x.

        prelu                        # [N, 64, 32, 32] -> [N, 64, 32, 32], one factor
        prelu(per_channel=true)      # 64 factors

    He and others, 'Delving deep into rectifiers', 2015.

    Parameters: `weight` [1], or [channels].
    """

    name = "prelu"
    ranks = (2, 3, 4, 5)

    per_channel: bool = attribute(False, doc="whether each channel has a factor of its own")
    start: float = attribute(0.25, doc="first value of the factors")

    def params(self, x: Shape) -> Params:
        return {"weight": Param((x.channels if self.per_channel else 1,), Constant(self.start))}


class Elu(Elementwise):
    """Keep what is positive and let what is negative level off at -alpha: x, or alpha · (exp(x) - 1).

        elu      # [N, 64, 32, 32] -> [N, 64, 32, 32]

    Clevert, Unterthiner, Hochreiter, 'Fast and accurate deep network learning by exponential linear units', 2015.
    """

    name = "elu"

    alpha: float = attribute(1.0, at_least=0, doc="where negative values level off")


class Selu(Elementwise):
    """ELU with the two constants that keep mean 0 and variance 1 from layer to layer.

        selu      # [N, 120] -> [N, 120]

    Klambauer and others, 'Self-normalizing neural networks', 2017.
    """

    name = "selu"


class Gelu(Elementwise):
    """Weigh each value by the share of a normal distribution that lies below it: x · Φ(x).

        gelu                          # [N, 197, 768] -> [N, 197, 768]
        gelu(approximate="tanh")      # by a tanh, as GPT-2 does

    Hendrycks and Gimpel, 'Gaussian error linear units', 2016.
    """

    name = "gelu"

    approximate: str = attribute("none", choices=("none", "tanh"), doc="whether Φ is replaced by a tanh")


class Silu(Elementwise):
    """Weigh each value by its sigmoid: x · sigmoid(x), also called swish.

        silu      # [N, 64, 32, 32] -> [N, 64, 32, 32]

    Ramachandran, Zoph, Le, 'Searching for activation functions', 2017.
    """

    name = "silu"


class Mish(Elementwise):
    """Weigh each value by tanh(softplus(x)).

        mish      # [N, 64, 32, 32] -> [N, 64, 32, 32]

    Misra, 'Mish: a self regularized non-monotonic activation function', 2019.
    """

    name = "mish"


class Hardswish(Elementwise):
    """SiLU in straight lines: x · min(max(x + 3, 0), 6) / 6.

        hardswish      # [N, 16, 112, 112] -> [N, 16, 112, 112]

    Howard and others, 'Searching for MobileNetV3', 2019.
    """

    name = "hardswish"


class Hardsigmoid(Elementwise):
    """A sigmoid in straight lines: min(max(x + 3, 0), 6) / 6.

        hardsigmoid      # [N, 16, 1, 1] -> [N, 16, 1, 1]

    Howard and others, 'Searching for MobileNetV3', 2019.
    """

    name = "hardsigmoid"


class Softplus(Elementwise):
    """A smooth ReLU: log(1 + exp(beta · x)) / beta.

        softplus      # [N, 120] -> [N, 120]

    Where beta · x is above the threshold, the value is passed on as it is. Dugas and others, 'Incorporating
    second-order functional knowledge for better option pricing', 2000.
    """

    name = "softplus"

    beta: float = attribute(1.0, at_least=1e-6, doc="how sharp the bend is")
    threshold: float = attribute(20.0, doc="from where on the function is a straight line")


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


class LogSoftmax(Op):
    """The logarithm of softmax, without its rounding: x - log Σ exp(x).

    log_softmax      # [N, 10] -> [N, 10]
    """

    name = "log_softmax"

    axis: int = attribute(1, doc="the axis whose probabilities sum to 1, counted from 0; negative counts from the end")

    def infer(self, x: Shape) -> Shape:
        axis_of(self.axis, x)
        return x
