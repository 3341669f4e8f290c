"""Ops that act in training only on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.regularize import Dropout


@lowers(Dropout)
def dropout(op: Dropout) -> Call:
    return call(kernels.dropout, p=op.p)
