"""Ops that act in training only, in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import Name, X, call
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.regularize import Dropout, StochasticDepth
from archdsl.sizes.shape import Shape


@lowers(Dropout)
def dropout(op: Dropout, x: Shape) -> Lowering:
    """dropout(0.5)      # nn.Dropout(0.5), or F.dropout(x, 0.5, self.training); dropout(0) needs no expression"""
    run = call("F.dropout", {"input": X, "p": op.p, "training": Name("self.training")})
    return layer(call("nn.Dropout", {"p": op.p}), run=X if op.p == 0 else run)


@lowers(StochasticDepth)
def stochastic_depth(op: StochasticDepth, x: Shape) -> Lowering:
    """stochastic_depth(0.1)      # StochasticDepth(0.1), which the file brings along"""
    return layer(call("StochasticDepth", {"p": op.p}))
