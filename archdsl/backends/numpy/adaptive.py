"""Pooling to a given size on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.adaptive import AdaptiveAvgPool, AdaptiveMaxPool, GlobalAvgPool, GlobalMaxPool


@lowers(GlobalAvgPool)
def global_avg_pool(op: GlobalAvgPool) -> Call:
    return call(kernels.global_avg_pool)


@lowers(GlobalMaxPool)
def global_max_pool(op: GlobalMaxPool) -> Call:
    return call(kernels.global_max_pool)


@lowers(AdaptiveAvgPool)
def adaptive_avg_pool(op: AdaptiveAvgPool) -> Call:
    return call(kernels.adaptive_avg_pool, size=op.size)


@lowers(AdaptiveMaxPool)
def adaptive_max_pool(op: AdaptiveMaxPool) -> Call:
    return call(kernels.adaptive_max_pool, size=op.size)
