"""First values of parameters, as facts; each backend draws them with its own generator."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

from archdsl.record import Record
from archdsl.sizes.dim import Dim, product


class Constant(Record):
    """The same number everywhere."""

    value: float


class Uniform(Record):
    """Evenly from -bound to bound."""

    bound: float


class Normal(Record):
    """Normally, around 0."""

    deviation: float


Init = Constant | Uniform | Normal

ZEROS, ONES = Constant(0.0), Constant(1.0)


class Initializer(Record):
    """How first weights are drawn, as a spec says it: `init=kaiming_normal`, `init=normal(0.01)`.

        Initializer("normal", 0.01).of((64, 3, 3, 3))      # Normal(0.01)

    `default` is torch's own choice for the layer. Xavier: Glorot and Bengio, 2010; Kaiming: He et al., 2015, with the
    gain of ReLU, over the inputs of a unit (over its outputs for `kaiming_normal("fan_out")`).
    """

    name: str = "default"
    amount: float | str | None = None

    def of(self, weight: tuple[Dim, ...], default: Init) -> Init:
        """The first values of a weight [outputs, inputs, *kernel]."""
        if not all(isinstance(size, int) for size in weight):
            return default
        inputs, outputs = _fans(weight)
        return RULES[self.name](self.amount, inputs, outputs, default)

    def __str__(self) -> str:
        return self.name if self.amount is None else f"{self.name}({self.amount})"


DEFAULT = Initializer()


def _fans(weight: tuple[Dim, ...]) -> tuple[int, int]:
    window = product(weight[2:])
    inputs, outputs = (weight[1] if len(weight) > 1 else 1) * window, weight[0] * window
    assert isinstance(inputs, int)
    assert isinstance(outputs, int)
    return max(inputs, 1), max(outputs, 1)


def _number(amount: float | str | None, otherwise: float) -> float:
    return otherwise if amount is None else float(amount)


def _fan(amount: float | str | None, inputs: int, outputs: int) -> int:
    return outputs if amount == "fan_out" else inputs


RULES: dict[str, Callable[[float | str | None, int, int, Init], Init]] = {
    "default": lambda amount, inputs, outputs, default: default,
    "xavier_uniform": lambda amount, inputs, outputs, default: Uniform(
        _number(amount, 1.0) * sqrt(6 / (inputs + outputs))
    ),
    "xavier_normal": lambda amount, inputs, outputs, default: Normal(
        _number(amount, 1.0) * sqrt(2 / (inputs + outputs))
    ),
    "kaiming_uniform": lambda amount, inputs, outputs, default: Uniform(sqrt(6 / _fan(amount, inputs, outputs))),
    "kaiming_normal": lambda amount, inputs, outputs, default: Normal(sqrt(2 / _fan(amount, inputs, outputs))),
    "normal": lambda amount, inputs, outputs, default: Normal(_number(amount, 1.0)),
    "uniform": lambda amount, inputs, outputs, default: Uniform(_number(amount, 1.0)),
    "constant": lambda amount, inputs, outputs, default: Constant(_number(amount, 0.0)),
    "zeros": lambda amount, inputs, outputs, default: ZEROS,
    "ones": lambda amount, inputs, outputs, default: ONES,
}


def lecun_uniform(fan_in: Dim) -> Init:
    """What torch gives the weights and biases of convolutions and linear layers: U(-1/√fan_in, 1/√fan_in).

    A fan-in that is not a number yet has no bound; nothing is drawn for it before it is one.
    """
    return Uniform(1 / sqrt(fan_in)) if isinstance(fan_in, int) and fan_in > 0 else ZEROS


def fan_in(weight: tuple[Dim, ...]) -> Dim:
    """How many inputs one output of a weight sums: all axes but the first."""
    return product(weight[1:])
