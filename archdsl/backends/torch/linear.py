"""Linear layers in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import call, opt
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.init import lecun_uniform
from archdsl.ops.linear import Linear
from archdsl.sizes.shape import Shape


@lowers(Linear)
def linear(op: Linear, x: Shape) -> Lowering:
    """linear(10)      # nn.Linear(84, 10)"""
    init = lecun_uniform(x.dims[-1])
    features = {"in_features": x.dims[-1], "out_features": op.features}
    return layer(call("nn.Linear", features, bias=opt(op.bias, True)), starts={"weight": init, "bias": init})
