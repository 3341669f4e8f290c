"""Transposed convolutions in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import call, opt, size
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.conv_transpose import ConvTranspose
from archdsl.ops.init import fan_in, lecun_uniform
from archdsl.sizes.shape import Shape


@lowers(ConvTranspose)
def conv_transpose(op: ConvTranspose, x: Shape) -> Lowering:
    """conv_transpose(64, kernel=2, stride=2)      # nn.ConvTranspose2d(128, 64, kernel_size=2, stride=2)"""
    init = lecun_uniform(fan_in((x.channels, op.channels // op.groups, *op.kernel)))
    make = call(
        f"nn.ConvTranspose{len(x.spatial)}d",
        {"in_channels": x.channels, "out_channels": op.channels},
        kernel_size=size(op.kernel),
        stride=opt(size(op.stride), 1),
        padding=opt(size(op.padding), 0),
        output_padding=opt(size(op.output_padding), 0),
        groups=opt(op.groups, 1),
        bias=opt(op.bias, True),
        dilation=opt(size(op.dilation), 1),
    )
    return layer(make, starts={"weight": init, "bias": init})
