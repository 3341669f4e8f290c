"""First values of parameters, as facts; each backend draws them with its own generator."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from archdsl.ir.dim import Dim, product


@dataclass(frozen=True)
class Constant:
    """The same number everywhere."""

    value: float


@dataclass(frozen=True)
class Uniform:
    """Evenly from -bound to bound."""

    bound: float


@dataclass(frozen=True)
class Normal:
    """Normally, around 0."""

    deviation: float


Init = Constant | Uniform | Normal

ZEROS, ONES = Constant(0.0), Constant(1.0)


def lecun_uniform(fan_in: Dim) -> Init:
    """What torch gives the weights and biases of convolutions and linear layers: U(-1/√fan_in, 1/√fan_in).

    A fan-in that is not a number yet has no bound; nothing is drawn for it before it is one.
    """
    return Uniform(1 / sqrt(fan_in)) if isinstance(fan_in, int) and fan_in > 0 else ZEROS


def fan_in(weight: tuple[Dim, ...]) -> Dim:
    """How many inputs one output of a weight sums: all axes but the first."""
    return product(weight[1:])
