"""Joins on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.combine import Add, Concat, Mul, Sub


@lowers(Add)
def add(op: Add) -> Call:
    return call(kernels.add)


@lowers(Concat)
def concat(op: Concat) -> Call:
    return call(kernels.concat, axis=op.axis)


@lowers(Mul)
def mul(op: Mul) -> Call:
    return call(kernels.mul)


@lowers(Sub)
def sub(op: Sub) -> Call:
    return call(kernels.sub)
