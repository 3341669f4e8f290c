"""Ops that act in training only on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.regularize import Dropout, StochasticDepth


@lowers(Dropout)
def dropout(op: Dropout) -> Call:
    return call(kernels.dropout, p=op.p)


@lowers(StochasticDepth)
def stochastic_depth(op: StochasticDepth) -> Call:
    return call(kernels.stochastic_depth, p=op.p)
