"""Activations on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.activation import Gelu


@lowers(Gelu)
def gelu(op: Gelu) -> Call:
    return call(kernels.gelu, approximate=op.approximate)
