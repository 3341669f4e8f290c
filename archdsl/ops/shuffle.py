"""Ops that move values between channels and space, or among channels."""

from __future__ import annotations

from archdsl.ops.base import NEITHER, Op, attribute
from archdsl.ops.chapters import FORMS
from archdsl.ops.cut import axis_name, parts
from archdsl.ops.sight import Shapes, Sights, mixed, resampled
from archdsl.sizes.prove import NOTHING_KNOWN, Known
from archdsl.sizes.shape import Shape


class PixelShuffle(Op):
    """Spread the channels over the image: each factor² of them become one, factor times as high and as wide.

        conv(4 * 3, kernel=3, padding=1) -> pixel_shuffle(2)      # [N, 12, 32, 32] -> [N, 3, 64, 64]

    Shi and others, 'Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network', 2016.
    """

    name = "pixel_shuffle"
    ranks = (4,)
    chapter = FORMS
    names_elsewhere = ("PixelShuffle", "DepthToSpace")
    gradient_needs = NEITHER
    proves = True

    factor: int = attribute(at_least=1, doc="how many times rows and columns grow")

    def infer(self, x: Shape, *, known: Known = NOTHING_KNOWN) -> Shape:
        channels = parts(self.name, x.channels, self.factor**2, "channels", x, "factor", known)
        rows, columns = x.spatial
        return Shape((x.batch, channels, rows * self.factor, columns * self.factor), x.kind)

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        result = mixed(seen[0], (1,))
        for axis in (2, 3):
            result = resampled(result, axis, [(0,)] * self.factor, 1)
        return (result,)

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return x == y


class PixelUnshuffle(Op):
    """Stack each square of factor · factor pixels into channels: the inverse of pixel_shuffle.

    pixel_unshuffle(2)      # [N, 3, 64, 64] -> [N, 12, 32, 32]
    """

    name = "pixel_unshuffle"
    ranks = (4,)
    chapter = FORMS
    names_elsewhere = ("PixelUnshuffle", "SpaceToDepth")
    gradient_needs = NEITHER
    proves = True

    factor: int = attribute(at_least=1, doc="how many times rows and columns shrink")

    def infer(self, x: Shape, *, known: Known = NOTHING_KNOWN) -> Shape:
        cut = (parts(self.name, x.dims[axis], self.factor, axis_name(axis, x), x, "factor", known) for axis in (2, 3))
        return Shape((x.batch, x.channels * self.factor**2, *cut), x.kind)

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        result = mixed(seen[0], (1,))
        for axis in (2, 3):
            result = resampled(result, axis, [range(self.factor)], self.factor)
        return (result,)

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return x == y


class ChannelShuffle(Op):
    """Deal the channels out: the first of each group, then the second of each, so that groups see each other.

        channel_shuffle(3)      # [N, 6, 8, 8] -> [N, 6, 8, 8], channels 0 1 2 3 4 5 become 0 2 4 1 3 5

    Zhang and others, 'ShuffleNet', 2017.
    """

    name = "channel_shuffle"
    ranks = (3, 4, 5)
    chapter = FORMS
    names_elsewhere = ("ChannelShuffle",)
    gradient_needs = NEITHER
    proves = True

    groups: int = attribute(at_least=1, doc="how many groups the channels are in")

    def infer(self, x: Shape, *, known: Known = NOTHING_KNOWN) -> Shape:
        parts(self.name, x.channels, self.groups, "channels", x, "groups", known)
        return x

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (mixed(seen[0], (1,)),)

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return self.groups in (1, x.channels)
