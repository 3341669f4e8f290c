"""Upsampling by repetition or by interpolation."""

from __future__ import annotations

from archdsl.diagnostics import Problem
from archdsl.ops.base import NEITHER, Op, Rejected, Size, attribute
from archdsl.ops.chapters import ROOM
from archdsl.ops.sight import Shapes, Sights, lost, resampled
from archdsl.sizes.shape import Shape

LINEAR = {3: "linear", 4: "bilinear", 5: "trilinear"}


class WrongMode(Problem):
    """Interpolation is linear along a sequence, bilinear in an image, trilinear in a volume.

    input image: [N, 3, 8, 8]
    upsample(2, mode="linear")        # error[wrong-mode]
    upsample(2, mode="bilinear")      # good
    """

    code = "wrong-mode"
    message = "{mode} interpolation does not fit {shape}"
    mode: str
    fitting: str
    shape: Shape

    def help(self) -> str:
        return f'mode="{self.fitting}" fits, and so does mode="nearest"'


class NoCorners(Problem):
    """Only interpolation has corners to align; nearest repeats whole pixels.

    upsample(2, align_corners=true)                       # error[no-corners]
    upsample(2, mode="bilinear", align_corners=true)      # good
    """

    code = "no-corners"
    message = "align_corners is for interpolation, and the mode is nearest"
    fitting: str

    def help(self) -> str:
        return f'leave it out, or interpolate: mode="{self.fitting}"'


class Upsample(Op):
    """Make images larger by whole factors, repeating pixels or interpolating between them.

        upsample(2)                        # [N, 64, 8, 8] -> [N, 64, 16, 16]
        upsample([1, 2], mode="bilinear")  # [N, 64, 8, 8] -> [N, 64, 8, 16]

    Interpolation takes pixels for squares, so that the image keeps its extent; with `align_corners=true` it takes them
    for points and keeps the outermost ones where they are.
    """

    name = "upsample"
    ranks = (3, 4, 5)
    chapter = ROOM
    names_elsewhere = ("Upsample", "UpSampling2D", "Resize")
    gradient_needs = NEITHER

    scale: Size = attribute(at_least=1, doc="how many times each spatial axis grows")
    mode: str = attribute(
        "nearest", choices=("nearest", *LINEAR.values()), doc="repeat, or interpolate along one, two or three axes"
    )
    align_corners: bool = attribute(False, doc="whether interpolation keeps the outermost pixels where they are")

    def infer(self, x: Shape) -> Shape:
        fitting = LINEAR[x.rank]
        if self.mode not in ("nearest", fitting):
            raise Rejected(WrongMode(self.mode, fitting, x), at="mode")
        if self.align_corners and self.mode == "nearest":
            raise Rejected(NoCorners(fitting), at="align_corners")
        sizes = (size * scale for size, scale in zip(x.spatial, self.scale, strict=True))
        return Shape((x.batch, x.channels, *sizes), x.kind)

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return x == y

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        result = seen[0]
        for axis, (scale, size) in enumerate(zip(self.scale, xs[0].spatial, strict=True), 2):
            if self.mode == "nearest" or scale == 1:
                result = resampled(result, axis, [(0,)] * scale, 1)
            elif not self.align_corners:  # between the pixels around (o + 1/2) / scale - 1/2
                between = [(2 * o + 1 - scale, 2 * scale) for o in range(scale)]
                result = resampled(result, axis, [(a // b, -(-a // b)) for a, b in between], 1)
            elif isinstance(size, int):  # between the pixels around o (n - 1) / (n scale - 1)
                whole = [(o * (size - 1), size * scale - 1) for o in range(size * scale)]
                result = resampled(result, axis, [(a // b, -(-a // b)) for a, b in whole], size)
            else:
                result = lost(result, axis)
        return (result,)
