"""Moving values between channels and space on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.shuffle import ChannelShuffle, PixelShuffle, PixelUnshuffle


@lowers(PixelShuffle)
def pixel_shuffle(op: PixelShuffle) -> Call:
    return call(kernels.pixel_shuffle, factor=op.factor)


@lowers(PixelUnshuffle)
def pixel_unshuffle(op: PixelUnshuffle) -> Call:
    return call(kernels.pixel_unshuffle, factor=op.factor)


@lowers(ChannelShuffle)
def channel_shuffle(op: ChannelShuffle) -> Call:
    return call(kernels.channel_shuffle, groups=op.groups)
