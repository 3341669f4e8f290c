"""Upsampling in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import Items, X, call, opt, size
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.upsample import Upsample
from archdsl.sizes.shape import Shape


@lowers(Upsample)
def upsample(op: Upsample, x: Shape) -> Lowering:
    """upsample(2)      # nn.Upsample(scale_factor=2), or F.interpolate(x, scale_factor=2.0)"""
    facts = {"mode": opt(op.mode, "nearest"), "align_corners": opt(op.align_corners, False)}
    scales = tuple(map(float, op.scale))  # torch.jit.script takes no integers here, and lists for tuples
    factor = Items(scales) if len(set(scales)) > 1 else scales[0]
    run = call("F.interpolate", {"input": X}, scale_factor=factor, **facts)
    return layer(call("nn.Upsample", scale_factor=size(op.scale), **facts), run=run)
