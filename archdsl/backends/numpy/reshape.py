"""Ops that move values on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.reshape import Flatten, Identity


@lowers(Flatten)
def flatten(op: Flatten) -> Call:
    return call(kernels.flatten, start=op.start)


@lowers(Identity)
def identity(op: Identity) -> Call:
    return call(kernels.identity)
