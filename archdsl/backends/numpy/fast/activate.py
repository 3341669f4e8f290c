"""Activations as commands: from one array into another, which may be the same."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import Any, TypeAlias

import numpy as np

from archdsl.backends.numpy.fast.commands import Task
from archdsl.backends.numpy.kernels.array import Array

Epilogue: TypeAlias = Callable[[Array, Array, Array], Task]
"""What may follow a step in the same row tile: commands from x to y, with room for `ROOMS` times as many numbers."""
ROOMS = 2
"""The most that any activation needs."""
EXPONENT = 80
"""What exp takes at most, so that it does not overflow; 1 / exp(80) is nothing beside 1."""
LINEAR = 20
"""From here on log(1 + exp(x)) is x, and its tanh 1, in float32."""
FAR = 5.5**2
ODDS = (-3.6112340e-09, 2.6689287e-07, -7.9382198e-06, 1.1048032e-04, 6.6259963e-05, -7.2668567e-02, -1.5957685)
"""A polynomial in x² up to `FAR`, its highest power first: x · p(x²) is the logarithm of Φ(-x) / Φ(x).

So Φ(x) is 1 / (1 + exp(x · p(x²))). Fitted so that the largest error of x · Φ(x) is least: 7e-8, and 2e-7 in float32
as a share of the larger of 1 and x.
"""


def larger(a: Array, b: Any, to: Array) -> None:
    """The larger of each two numbers; NumPy wants to be told by name where its result goes."""
    np.maximum(a, b, out=to)


def smaller(a: Array, b: Any, to: Array) -> None:
    """The smaller of each two numbers."""
    np.minimum(a, b, out=to)


def to_relu(x: Array, y: Array, room: Array) -> Task:
    """max(x, 0)."""
    return [(larger, (x, 0, y))]


def to_relu6(x: Array, y: Array, room: Array) -> Task:
    """min(max(x, 0), 6)."""
    return [(larger, (x, 0, y)), (smaller, (y, 6, y))]


def to_tanh(x: Array, y: Array, room: Array) -> Task:
    """The hyperbolic tangent."""
    return [(np.tanh, (x, y))]


def to_sigmoid(x: Array, y: Array, room: Array) -> Task:
    """1 / (1 + exp(-x)), as (1 + tanh(x / 2)) / 2, in which nothing overflows."""
    return [(np.multiply, (x, 0.5, y)), (np.tanh, (y, y)), (np.multiply, (y, 0.5, y)), (np.add, (y, 0.5, y))]


def to_silu(x: Array, y: Array, room: Array) -> Task:
    """x · sigmoid(x)."""
    share = room[: x.size].reshape(x.shape)
    return [*to_sigmoid(x, share, room), (np.multiply, (x, share, y))]


def to_hardsigmoid(x: Array, y: Array, room: Array) -> Task:
    """min(max(x + 3, 0), 6) / 6."""
    return [(np.add, (x, 3, y)), *to_relu6(y, y, room), (np.multiply, (y, 1 / 6, y))]


def to_hardswish(x: Array, y: Array, room: Array) -> Task:
    """x · min(max(x + 3, 0), 6) / 6."""
    share = room[: x.size].reshape(x.shape)
    return [*to_hardsigmoid(x, share, room), (np.multiply, (x, share, y))]


def to_mish(x: Array, y: Array, room: Array) -> Task:
    """x · tanh(log(1 + exp(x))), as x · w / (w + 2), where w is n · (n + 2), and n is exp(x)."""
    power, weight = room[: x.size].reshape(x.shape), room[x.size : 2 * x.size].reshape(x.shape)
    return [
        (smaller, (x, LINEAR, power)),
        (np.exp, (power, power)),
        (np.add, (power, 2, weight)),
        (np.multiply, (power, weight, weight)),
        (np.add, (weight, 2, power)),
        (np.divide, (weight, power, weight)),
        (np.multiply, (x, weight, y)),
    ]


def to_leaky_relu(slope: float = 0.01) -> Epilogue:
    """x where it is positive, else slope · x."""

    def commands(x: Array, y: Array, room: Array) -> Task:
        below = room[: x.size].reshape(x.shape)
        return [(np.multiply, (x, slope, below)), (larger if slope <= 1 else smaller, (x, below, y))]

    return commands


def to_elu(alpha: float = 1.0) -> Epilogue:
    """x where it is positive, else alpha · (exp(x) - 1)."""
    return _bent(1.0, alpha)


def to_selu(x: Array, y: Array, room: Array) -> Task:
    """ELU, scaled: the constants of self-normalising networks."""
    return _bent(1.0507009873554804934, 1.6732632423543772848)(x, y, room)


def _bent(scale: float, alpha: float) -> Epilogue:
    """scale · x where x is positive, else scale · alpha · (exp(x) - 1)."""

    def commands(x: Array, y: Array, room: Array) -> Task:
        below = room[: x.size].reshape(x.shape)
        return [
            (smaller, (x, 0, below)),
            (np.exp, (below, below)),
            (np.subtract, (below, 1, below)),
            (np.multiply, (below, scale * alpha, below)),
            (larger, (x, 0, y)),
            *([(np.multiply, (y, scale, y))] if scale != 1 else []),
            (np.add, (y, below, y)),
        ]

    return commands


def to_softplus(beta: float = 1.0, threshold: float = 20.0) -> Epilogue:
    """log(1 + exp(beta · x)) / beta; where beta · x is above the threshold, which is not negative, x itself."""

    def commands(x: Array, y: Array, room: Array) -> Task:
        bend, mask = room[: x.size].reshape(x.shape), room[x.size : 2 * x.size].reshape(x.shape)
        task: Task = [
            (np.absolute, (x, bend)),
            (np.multiply, (bend, -beta, bend)),
            (np.exp, (bend, bend)),
            (np.add, (bend, 1, bend)),
            (np.log, (bend, bend)),
        ]
        if beta != 1:
            task.append((np.multiply, (bend, 1 / beta, bend)))
        if threshold < LINEAR:
            task += [(np.less_equal, (x, threshold / beta, mask)), (np.multiply, (bend, mask, bend))]
        return [*task, (larger, (x, 0, y)), (np.add, (y, bend, y))]

    return commands


def by_reference(kernel: Callable[..., Any], **options: Any) -> Epilogue:
    """What a reference kernel makes of each number, for activations that have no commands of their own."""

    def apply(x: Array, y: Array) -> None:
        y[...] = kernel(x, **options)[0]

    return lambda x, y, room: [(apply, (x, y))]


def to_gelu(x: Array, y: Array, room: Array) -> Task:
    """x · Φ(x), where Φ is the share of a normal distribution below x."""
    square, power = room[: x.size].reshape(x.shape), room[x.size : 2 * x.size].reshape(x.shape)
    commands: Task = [(np.multiply, (x, x, square)), (smaller, (square, FAR, square))]
    commands += [(np.multiply, (square, ODDS[0], power)), (np.add, (power, ODDS[1], power))]
    for factor in ODDS[2:]:
        commands += [(np.multiply, (power, square, power)), (np.add, (power, factor, power))]
    return [*commands, (np.multiply, (power, x, power)), *_weighed(x, y, power)]


def to_gelu_by_tanh(x: Array, y: Array, room: Array) -> Task:
    """x · (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, as x / (1 + exp(-2 √(2/π) (x + 0.044715 x³)))."""
    power = room[: x.size].reshape(x.shape)
    scale = -2 * sqrt(2 / pi)
    return [
        (np.multiply, (x, x, power)),
        (np.multiply, (power, 0.044715 * scale, power)),
        (np.add, (power, scale, power)),
        (np.multiply, (power, x, power)),
        *_weighed(x, y, power),
    ]


def _weighed(x: Array, y: Array, power: Array) -> Task:
    """y = x / (1 + exp(power)); `power` is used up."""
    return [
        (smaller, (power, EXPONENT, power)),
        (np.exp, (power, power)),
        (np.add, (power, 1, power)),
        (np.divide, (x, power, y)),
    ]
