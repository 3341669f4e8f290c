"""Learned values that stand for themselves on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.learned import Parameter, Scale


@lowers(Scale)
def scale(op: Scale) -> Call:
    return call(kernels.scale)


@lowers(Parameter)
def parameter(op: Parameter) -> Call:
    return call(kernels.parameter)
