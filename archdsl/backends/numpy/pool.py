"""Pooling on NumPy: which kernel, with which options."""

from __future__ import annotations

from typing import Any

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.pool import AvgPool, LpPool, MaxPool


@lowers(MaxPool)
def max_pool(op: MaxPool) -> Call:
    return call(
        kernels.max_pool,
        kernel=op.kernel,
        stride=_unless(op.stride, op.kernel),
        padding=op.padding,
        dilation=op.dilation,
        ceil=op.ceil,
    )


@lowers(AvgPool)
def avg_pool(op: AvgPool) -> Call:
    return call(
        kernels.avg_pool,
        kernel=op.kernel,
        stride=_unless(op.stride, op.kernel),
        padding=op.padding,
        ceil=op.ceil,
        count_padding=op.count_padding,
    )


@lowers(LpPool)
def lp_pool(op: LpPool) -> Call:
    return call(kernels.lp_pool, kernel=op.kernel, p=op.p, stride=_unless(op.stride, op.kernel), ceil=op.ceil)


def _unless(value: Any, default: Any) -> Any:
    """None where an argument says what it would be anyway."""
    return None if value == default else value
