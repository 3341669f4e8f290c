"""Transposed convolutions on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.conv_transpose import ConvTranspose


@lowers(ConvTranspose)
def conv_transpose(op: ConvTranspose) -> Call:
    return call(
        kernels.conv_transpose,
        stride=op.stride,
        padding=op.padding,
        output_padding=op.output_padding,
        dilation=op.dilation,
        groups=op.groups,
    )
