"""Convolutions on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.conv import Conv


@lowers(Conv)
def conv(op: Conv) -> Call:
    return call(
        kernels.conv, stride=op.stride, padding=op.padding, dilation=op.dilation, groups=op.groups, flip=op.flip
    )
