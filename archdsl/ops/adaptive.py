"""Pooling to a given size: windows that follow from the size of what comes in."""

from __future__ import annotations

from archdsl.ops.base import NEITHER, Op, Size, attribute
from archdsl.ops.chapters import POOLING
from archdsl.ops.sight import Shapes, Sights, lost, mixed, resampled
from archdsl.sizes.shape import Shape


class Adaptive(Op):
    """The base of ops that pool to a given size.

    Along an axis of n positions, window i of m goes from floor(i n / m) to ceil((i + 1) n / m); windows overlap where n
    is no multiple of m.
    """

    ranks = (3, 4, 5)
    chapter = POOLING

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return x == y

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        result = seen[0]
        for axis, (before, after) in enumerate(zip(xs[0].spatial, ys[0].spatial, strict=True), 2):
            if after == 1:
                result = mixed(result, (axis,))
            elif isinstance(before, int) and isinstance(after, int):
                windows = [range(i * before // after, -(-(i + 1) * before // after)) for i in range(after)]
                result = resampled(result, axis, windows, before)
            else:
                result = lost(result, axis)
        return (result,)


class GlobalAvgPool(Adaptive):
    """Average each channel over all of the image.

        global_avg_pool      # [N, 512, 7, 7] -> [N, 512, 1, 1]

    It makes a classifier independent of the size of its images: `global_avg_pool -> flatten -> linear(10)` (Lin, Chen
    and Yan, 'Network in Network', 2014).
    """

    name = "global_avg_pool"
    names_elsewhere = ("GlobalAveragePooling2D", "GlobalAveragePool", "gap")
    gradient_needs = NEITHER

    def infer(self, x: Shape) -> Shape:
        return Shape((x.batch, x.channels, *(1 for _ in x.spatial)))


class GlobalMaxPool(Adaptive):
    """Keep the largest value of each channel.

        global_max_pool      # [N, 512, 7, 7] -> [N, 512, 1, 1]

    The gradient goes to the first of several largest values.
    """

    name = "global_max_pool"
    names_elsewhere = ("GlobalMaxPooling2D", "GlobalMaxPool", "gmp")

    def infer(self, x: Shape) -> Shape:
        return Shape((x.batch, x.channels, *(1 for _ in x.spatial)))


class AdaptiveAvgPool(Adaptive):
    """Average windows that are laid out so that a given size is left.

        adaptive_avg_pool(7)           # [N, 512, H, W] -> [N, 512, 7, 7]
        adaptive_avg_pool((4, 2))      # [N, 512, 16, 16] -> [N, 512, 4, 2]

    Along an axis of n positions, window i of m goes from floor(i n / m) to ceil((i + 1) n / m); windows overlap where n
    is no multiple of m (a level of He et al., 'Spatial Pyramid Pooling', 2014).
    """

    name = "adaptive_avg_pool"
    names_elsewhere = ("AdaptiveAvgPool2d", "AdaptiveAveragePooling2D")
    gradient_needs = NEITHER

    size: Size = attribute(at_least=1, doc="the spatial sizes that are left")

    def infer(self, x: Shape) -> Shape:
        return Shape((x.batch, x.channels, *self.size))


class AdaptiveMaxPool(Adaptive):
    """Keep the largest values of windows that are laid out so that a given size is left.

        adaptive_max_pool(7)      # [N, 512, H, W] -> [N, 512, 7, 7]

    The windows are those of `adaptive_avg_pool`. The gradient goes to the first of several largest values.
    """

    name = "adaptive_max_pool"
    names_elsewhere = ("AdaptiveMaxPool2d", "AdaptiveMaxPooling2D")

    size: Size = attribute(at_least=1, doc="the spatial sizes that are left")

    def infer(self, x: Shape) -> Shape:
        return Shape((x.batch, x.channels, *self.size))
