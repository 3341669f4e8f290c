"""Linear layers on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.linear import Linear


@lowers(Linear)
def linear(op: Linear) -> Call:
    return call(kernels.linear)
