"""Activations: functions of each value by itself, and softmax over one axis."""

from __future__ import annotations

from math import inf

from archdsl.ops.base import INPUT, RESULT, Curve, Needs, Op, Param, Params, attribute
from archdsl.ops.chapters import ACTIVATIONS
from archdsl.ops.init import Constant
from archdsl.ops.reshape import axis_of
from archdsl.ops.sight import Shapes, Sights, each_place, mixed
from archdsl.sizes.shape import Shape


class Elementwise(Op):
    """The base of ops that keep the shape and treat each value by itself."""

    chapter = ACTIVATIONS
    is_pointwise = True
    is_activation = True

    def infer(self, x: Shape) -> Shape:
        return x


class Relu(Elementwise):
    """Keep what is positive: max(x, 0).

    relu      # [N, 64, 32, 32] -> [N, 64, 32, 32]
    """

    name = "relu"
    names_elsewhere = ("ReLU",)
    is_idempotent = True
    gradient_needs = RESULT
    curve = Curve(lowest=0, identity=(0, inf), flat_below=0, is_monotone=True)


class Relu6(Elementwise):
    """Keep what is positive, up to 6: min(max(x, 0), 6).

        relu6      # [N, 64, 32, 32] -> [N, 64, 32, 32]

    Krizhevsky, 'Convolutional deep belief networks on CIFAR-10', 2010.
    """

    name = "relu6"
    names_elsewhere = ("ReLU6",)
    is_idempotent = True
    gradient_needs = RESULT
    curve = Curve(lowest=0, highest=6, identity=(0, 6), flat_below=0, is_monotone=True)


class LeakyRelu(Elementwise):
    """Keep what is positive and scale down what is negative: x, or slope · x.

        leaky_relu(0.2)      # [N, 64, 32, 32] -> [N, 64, 32, 32]

    Maas, Hannun, Ng, 'Rectifier nonlinearities improve neural network acoustic models', 2013.
    """

    name = "leaky_relu"
    names_elsewhere = ("LeakyReLU",)

    slope: float = attribute(0.01, doc="factor of negative values")

    @property
    def gradient_needs(self) -> Needs:
        return RESULT if self.slope > 0 else INPUT

    @property
    def curve(self) -> Curve:
        lowest = -inf if self.slope > 0 else 0
        return Curve(lowest=lowest, identity=(0, inf), is_monotone=self.slope >= 0)


class Prelu(Elementwise):
    """Keep what is positive and scale what is negative by a learned factor: x, or weight · x.

        prelu                        # [N, 64, 32, 32] -> [N, 64, 32, 32], one factor
        prelu(per_channel=true)      # 64 factors
        prelu(start=0.1)             # that starts at 0.1

    He and others, 'Delving deep into rectifiers', 2015.

    Parameters: `weight` [1], or [channels]; values without channels, [N], have one factor.
    """

    name = "prelu"
    sees = each_place
    names_elsewhere = ("PReLU",)
    is_pointwise = False
    curve = Curve(identity=(0, inf))

    per_channel: bool = attribute(False, doc="whether each channel has a factor of its own")
    start: float = attribute(0.25, doc="first value of the factors")

    def params(self, x: Shape) -> Params:
        channels = x.channels if self.per_channel and x.rank > 1 else 1
        return {"weight": Param((channels,), Constant(self.start))}


class Elu(Elementwise):
    """Keep what is positive and let what is negative level off at -alpha: x, or alpha · (exp(x) - 1).

        elu            # [N, 64, 32, 32] -> [N, 64, 32, 32]
        elu(0.5)       # down to -0.5

    Clevert, Unterthiner, Hochreiter, 'Fast and accurate deep network learning by exponential linear units', 2015.
    """

    name = "elu"
    names_elsewhere = ("ELU",)
    gradient_needs = RESULT

    alpha: float = attribute(1.0, at_least=0, doc="where negative values level off")

    @property
    def curve(self) -> Curve:
        return Curve(lowest=-self.alpha, identity=(0, inf), is_monotone=True)


class Selu(Elementwise):
    """ELU with the two constants that keep mean 0 and variance 1 from layer to layer.

        selu      # [N, 120] -> [N, 120]

    Klambauer and others, 'Self-normalizing neural networks', 2017.
    """

    name = "selu"
    names_elsewhere = ("SELU",)
    gradient_needs = RESULT
    curve = Curve(lowest=-1.7581, is_monotone=True)


class Gelu(Elementwise):
    """Weigh each value by the share of a normal distribution that lies below it: x · Φ(x).

        gelu                          # [N, 197, 768] -> [N, 197, 768]
        gelu(approximate="tanh")      # by a tanh, as GPT-2 does

    Hendrycks and Gimpel, 'Gaussian error linear units', 2016.
    """

    name = "gelu"
    names_elsewhere = ("GELU",)
    curve = Curve(lowest=-0.1701)

    approximate: str = attribute("none", choices=("none", "tanh"), doc="whether Φ is replaced by a tanh")


class Silu(Elementwise):
    """Weigh each value by its sigmoid: x · sigmoid(x), also called swish.

        silu      # [N, 64, 32, 32] -> [N, 64, 32, 32]

    Ramachandran, Zoph, Le, 'Searching for activation functions', 2017.
    """

    name = "silu"
    names_elsewhere = ("SiLU", "swish")
    curve = Curve(lowest=-0.2785)


class Mish(Elementwise):
    """Weigh each value by tanh(softplus(x)).

        mish      # [N, 64, 32, 32] -> [N, 64, 32, 32]

    Misra, 'Mish: a self regularized non-monotonic activation function', 2019.
    """

    name = "mish"
    names_elsewhere = ("Mish",)
    curve = Curve(lowest=-0.3089)


class Hardswish(Elementwise):
    """SiLU in straight lines: x · min(max(x + 3, 0), 6) / 6.

        hardswish      # [N, 16, 112, 112] -> [N, 16, 112, 112]

    Howard and others, 'Searching for MobileNetV3', 2019.
    """

    name = "hardswish"
    names_elsewhere = ("Hardswish", "hard_silu")
    curve = Curve(lowest=-0.375, identity=(3, inf), flat_below=-3)


class Hardsigmoid(Elementwise):
    """A sigmoid in straight lines: min(max(x + 3, 0), 6) / 6.

        hardsigmoid      # [N, 16, 1, 1] -> [N, 16, 1, 1]

    Howard and others, 'Searching for MobileNetV3', 2019.
    """

    name = "hardsigmoid"
    names_elsewhere = ("Hardsigmoid", "hard_sigmoid")
    gradient_needs = RESULT
    curve = Curve(lowest=0, highest=1, flat_below=-3, is_monotone=True)


class Softplus(Elementwise):
    """A smooth ReLU: log(1 + exp(beta · x)) / beta.

        softplus                        # [N, 120] -> [N, 120]
        softplus(2.0, threshold=3)      # a sharper bend, and a straight line above 1.5

    Where beta · x is above the threshold, the value is passed on as it is. Dugas and others, 'Incorporating
    second-order functional knowledge for better option pricing', 2000.
    """

    name = "softplus"
    names_elsewhere = ("Softplus",)

    beta: float = attribute(1.0, at_least=1e-6, doc="how sharp the bend is")
    threshold: float = attribute(20.0, doc="from where on the function is a straight line")

    @property
    def curve(self) -> Curve:
        return Curve(lowest=0, identity=(self.threshold / self.beta, inf), is_monotone=self.threshold >= 20)


class Sigmoid(Elementwise):
    """Squash each value into 0…1: 1 / (1 + exp(-x)).

    sigmoid      # [N, 120] -> [N, 120]
    """

    name = "sigmoid"
    names_elsewhere = ("Sigmoid",)
    gradient_needs = RESULT
    curve = Curve(lowest=0, highest=1, is_monotone=True)


class Tanh(Elementwise):
    """Squash each value into -1…1: the hyperbolic tangent.

    tanh      # [N, 120] -> [N, 120]
    """

    name = "tanh"
    names_elsewhere = ("Tanh",)
    gradient_needs = RESULT
    curve = Curve(lowest=-1, highest=1, is_monotone=True)


class Softsign(Elementwise):
    """Squash each value into -1…1, slowly: x / (1 + |x|).

        softsign      # [N, 120] -> [N, 120]

    Turian, Bergstra, Bengio, 'Quadratic features and deep architectures for chunking', 2009.
    """

    name = "softsign"
    names_elsewhere = ("Softsign",)
    gradient_needs = RESULT
    curve = Curve(lowest=-1, highest=1, is_monotone=True)


class Softmax(Op):
    """Turn values along an axis into probabilities: exp(x) / Σ exp(x).

        softmax      # [N, 10] -> [N, 10], each row sums to 1

    Losses such as cross entropy take the values before softmax; a classifier that is to be trained ends without it.
    """

    name = "softmax"
    names_elsewhere = ("Softmax",)
    chapter = ACTIVATIONS
    is_activation = True
    makes_probabilities = True
    gradient_needs = RESULT
    curve = Curve(lowest=0, highest=1)

    axis: int = attribute(1, doc="the axis that sums to 1, counted from 0; negative counts from the end")

    def infer(self, x: Shape) -> Shape:
        axis_of(self.axis, x)
        return x

    def is_samplewise(self, x: Shape) -> bool:
        return axis_of(self.axis, x) > 0

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (mixed(seen[0], (axis_of(self.axis, xs[0]),)),)


class LogSoftmax(Op):
    """The logarithm of softmax, without its rounding: x - log Σ exp(x).

    log_softmax      # [N, 10] -> [N, 10]
    """

    name = "log_softmax"
    names_elsewhere = ("LogSoftmax",)
    chapter = ACTIVATIONS
    is_activation = True
    makes_probabilities = True
    gradient_needs = RESULT
    is_idempotent = True
    curve = Curve(highest=0)

    axis: int = attribute(1, doc="the axis whose probabilities sum to 1, counted from 0; negative counts from the end")

    def infer(self, x: Shape) -> Shape:
        axis_of(self.axis, x)
        return x

    def is_samplewise(self, x: Shape) -> bool:
        return axis_of(self.axis, x) > 0

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (mixed(seen[0], (axis_of(self.axis, xs[0]),)),)
