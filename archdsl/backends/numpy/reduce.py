"""Reductions on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.reduce import Max


@lowers(Max)
def max_(op: Max) -> Call:
    return call(kernels.max_, axes=op.axes, keep=op.keep)
