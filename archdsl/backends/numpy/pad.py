"""Padding on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.pad import Pad


@lowers(Pad)
def pad_(op: Pad) -> Call:
    return call(kernels.pad_, before=op.before, after=op.after, mode=op.mode, value=op.value)
