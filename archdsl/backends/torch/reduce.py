"""Reductions in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import X, call, opt, size
from archdsl.backends.torch.rules import Lowering, expression, lowers
from archdsl.ops.reduce import Max, Mean
from archdsl.sizes.shape import Shape


@lowers(Mean)
def mean(op: Mean, x: Shape) -> Lowering:
    """mean([2, 3])      # torch.mean(x, dim=(2, 3))"""
    return expression(call("torch.mean", {"input": X}, dim=size(op.axes), keepdim=opt(op.keep, False)))


@lowers(Max)
def max_(op: Max, x: Shape) -> Lowering:
    """max(1, keep=true)      # torch.amax(x, dim=1, keepdim=True)"""
    return expression(call("torch.amax", {"input": X}, dim=size(op.axes), keepdim=opt(op.keep, False)))
