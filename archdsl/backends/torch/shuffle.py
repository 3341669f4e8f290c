"""Moving values between channels and space, in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import X, call
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.shuffle import ChannelShuffle, PixelShuffle, PixelUnshuffle
from archdsl.sizes.shape import Shape


@lowers(PixelShuffle)
def pixel_shuffle(op: PixelShuffle, x: Shape) -> Lowering:
    """pixel_shuffle(2)      # nn.PixelShuffle(2), or F.pixel_shuffle(x, 2)"""
    factor = {"upscale_factor": op.factor}
    return layer(call("nn.PixelShuffle", factor), run=call("F.pixel_shuffle", {"input": X, **factor}))


@lowers(PixelUnshuffle)
def pixel_unshuffle(op: PixelUnshuffle, x: Shape) -> Lowering:
    """pixel_unshuffle(2)      # nn.PixelUnshuffle(2), or F.pixel_unshuffle(x, 2)"""
    factor = {"downscale_factor": op.factor}
    return layer(call("nn.PixelUnshuffle", factor), run=call("F.pixel_unshuffle", {"input": X, **factor}))


@lowers(ChannelShuffle)
def channel_shuffle(op: ChannelShuffle, x: Shape) -> Lowering:
    """channel_shuffle(3)      # nn.ChannelShuffle(3), or F.channel_shuffle(x, 3)"""
    groups = {"groups": op.groups}
    return layer(call("nn.ChannelShuffle", groups), run=call("F.channel_shuffle", {"input": X, **groups}))
