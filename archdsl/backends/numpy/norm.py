"""Norms on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm


@lowers(BatchNorm)
def batch_norm(op: BatchNorm) -> Call:
    return call(kernels.batch_norm, eps=op.eps, momentum=op.momentum)


@lowers(LayerNorm)
def layer_norm(op: LayerNorm) -> Call:
    return call(kernels.layer_norm, axes=op.axes, eps=op.eps)


@lowers(GroupNorm)
def group_norm(op: GroupNorm) -> Call:
    return call(kernels.group_norm, groups=op.groups, eps=op.eps)


@lowers(InstanceNorm)
def instance_norm(op: InstanceNorm) -> Call:
    return call(kernels.instance_norm, eps=op.eps)


@lowers(LocalResponseNorm)
def local_response_norm(op: LocalResponseNorm) -> Call:
    return call(kernels.local_response_norm, size=op.size, alpha=op.alpha, beta=op.beta, k=op.k)
