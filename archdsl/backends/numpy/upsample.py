"""Upsampling on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.upsample import Upsample


@lowers(Upsample)
def upsample(op: Upsample) -> Call:
    return call(kernels.upsample, scale=op.scale, mode=op.mode, align_corners=op.align_corners)
