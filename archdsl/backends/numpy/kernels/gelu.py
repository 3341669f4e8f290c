"""GELU, and the share of a normal distribution that it weighs by."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback

TAIL = (
    *(-1.911176366796584e-09, 6.597368130570404e-09, 6.520450277653356e-09, -5.1456299144167284e-08),
    *(3.6000804735794204e-08, 1.4971436464554619e-07, -3.26246033402378e-07, 1.5720522932466257e-08),
    *(1.0305698651908617e-06, -1.8350785256687845e-06, -5.776423264094641e-07, 8.067106202439777e-06),
    *(-1.0842985344201728e-05, -1.707663814177854e-05, 7.223418829887317e-05, -1.7185254171199576e-05),
    *(-0.00033153657669079473, 0.0004186479710661664, 0.0015453060141013932, -0.0032395925295271625),
    *(-0.010755330944036535, 0.01822111575329492, 0.13973604627801475, 0.3435803422069067, 0.5107913526210115),
)
"""A polynomial for the tail of the error function, its highest power first.

erfc(z) = exp(-z²) t p(2 t - 1) for z >= 0, t = 2 / (2 + z): the expansion of Shepherd and Laframboise ('Chebyshev
approximation of (1 + 2x) exp(x²) erfc x', 1981) to degree 24, worked out with 40 digits. Its error is below 1e-15.
"""


def gelu(x: Array, *, approximate: str = "none") -> tuple[Array, Pullback]:
    """x · Φ(x), the share of a normal distribution below x, or Φ by a tanh with `approximate="tanh"`."""
    if approximate == "tanh":
        return gelu_by_tanh(x)
    share = below(x)
    return x * share, lambda dy: (dy * (share + x * np.exp(-x * x / 2) / sqrt(2 * pi)), {})


def gelu_by_tanh(x: Array) -> tuple[Array, Pullback]:
    """x · (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2."""
    scale = sqrt(2 / pi)
    bend = np.tanh(scale * (x + 0.044715 * x**3))

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        slope = (1 - bend * bend) * scale * (1 + 3 * 0.044715 * x * x)
        return dy * (1 + bend + x * slope) / 2, {}

    return x * (1 + bend) / 2, pullback


def below(x: Array) -> Array:
    """Φ(x), the share of a normal distribution that lies below x: erfc(-x / √2) / 2."""
    z = np.abs(x) / sqrt(2)
    t = 2 / (2 + z)
    u = 2 * t - 1
    p = np.full_like(u, TAIL[0])
    for factor in TAIL[1:]:
        p *= u
        p += factor
    tail = np.exp(-z * z) * t * p / 2
    return np.where(x < 0, tail, 1 - tail)
