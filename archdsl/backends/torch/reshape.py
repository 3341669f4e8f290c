"""Ops that move values without computing, in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import X, call, opt
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ir.shape import Shape
from archdsl.ops.reshape import Flatten, Identity


@lowers(Flatten)
def flatten(op: Flatten, x: Shape) -> Lowering:
    """flatten      # nn.Flatten(), or torch.flatten(x, 1)"""
    make = call("nn.Flatten", start_dim=opt(op.start, 1))
    return layer(make, run=call("torch.flatten", {"input": X, "start_dim": op.start}))


@lowers(Identity)
def identity(op: Identity, x: Shape) -> Lowering:
    """identity      # nn.Identity(), or nothing at all"""
    return layer(call("nn.Identity"), run=X)
