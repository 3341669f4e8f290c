"""Convolutions in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import call, opt, size
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.conv import Conv
from archdsl.ops.init import fan_in, lecun_uniform
from archdsl.sizes.shape import Shape


@lowers(Conv)
def conv(op: Conv, x: Shape) -> Lowering:
    """conv(6, kernel=5, padding=2)      # nn.Conv2d(1, 6, kernel_size=5, padding=2)"""
    kind = "FlippedConv" if op.flip else "nn.Conv"
    init = lecun_uniform(fan_in((op.channels, x.channels // op.groups, *op.kernel)))
    make = call(
        f"{kind}{len(x.spatial)}d",
        {"in_channels": x.channels, "out_channels": op.channels},
        kernel_size=size(op.kernel),
        stride=opt(size(op.stride), 1),
        padding=opt(size(op.padding), 0),
        dilation=opt(size(op.dilation), 1),
        groups=opt(op.groups, 1),
        bias=opt(op.bias, True),
    )
    return layer(make, starts={"weight": init, "bias": init})
