"""Convolutions over one, two or three spatial axes."""

from __future__ import annotations

from math import gcd

from archdsl.diagnostics import Problem, listing
from archdsl.ops.base import Op, Param, Params, Rejected, Size, Window, attribute, flattened
from archdsl.ops.chapters import CONVOLUTIONS
from archdsl.ops.groups import divisors
from archdsl.ops.init import DEFAULT, Initializer, fan_in, lecun_uniform
from archdsl.ops.sight import Shapes, Sights, mixed
from archdsl.ops.slide import WindowTooLarge, slid, slide
from archdsl.record import replace
from archdsl.sizes.dim import Dim, product
from archdsl.sizes.shape import Shape


class UnevenGroups(Problem):
    """Each group of a convolution sees an equal share of the input and of the output channels.

    input image: [N, 30, 8, 8]
    conv(60, kernel=3, groups=4)      # error[uneven-groups]
    conv(60, kernel=3, groups=5)      # good
    """

    code = "uneven-groups"
    message = "{groups} groups cannot split {inputs} input and {outputs} output channels evenly"
    label = "{inputs} channels come in"
    groups: int
    inputs: Dim
    outputs: Dim

    def help(self) -> str:
        if not isinstance(self.inputs, int) or not isinstance(self.outputs, int):
            return ""
        return f"groups can be {listing(divisors(gcd(self.inputs, self.outputs)))}"


def split_evenly(groups: int, inputs: Dim, outputs: Dim) -> None:
    """Reject groups that don't get equal shares of the channels."""
    if inputs % groups != 0 or outputs % groups != 0:
        raise Rejected(UnevenGroups(groups, inputs, outputs), at="groups")


class Conv(Op):
    """Slide a learned kernel over each image.

        conv(64, kernel=3, stride=2, padding=1)      # [N, 3, 32, 32] -> [N, 64, 16, 16]
        conv(64, kernel=3, dilation=2, padding=2)    # [N, 64, 32, 32] -> [N, 64, 32, 32], a window of 5, with holes
        conv(64, kernel=3, padding=1, groups=64, bias=false)      # [N, 64, 32, 32] -> [N, 64, 32, 32], depthwise

    Works on sequences, images and volumes: the input's rank decides. The kernel is not turned (cross-correlation), as
    everywhere in deep learning; `flip=true` turns it along every axis, which makes it the convolution of mathematics.

    Parameters: `weight` [channels, input channels / groups, *kernel], `bias` [channels].
    """

    name = "conv"
    ranks = (3, 4, 5)
    chapter = CONVOLUTIONS
    names_elsewhere = ("Conv2d", "Conv2D", "Conv")
    sized_elsewhere = 2

    channels: Dim = attribute(at_least=1, doc="output channels")
    kernel: Size = attribute(at_least=1, doc="size of the window")
    stride: Size = attribute(1, at_least=1, doc="step from one window to the next")
    padding: Size = attribute(0, at_least=0, doc="zeros added at both ends of each axis")
    dilation: Size = attribute(1, at_least=1, doc="step from one element of the window to the next")
    groups: int = attribute(1, at_least=1, doc="parts of the channels that don't see each other")
    bias: bool = attribute(True, doc="whether each output channel has a learned offset")
    flip: bool = attribute(False, doc="turn the kernel along every axis (true convolution)")
    init: Initializer = attribute(DEFAULT, doc="how the first weights are drawn")

    @classmethod
    def rank_hint(cls, shape: Shape) -> str:
        return flattened(shape)

    def infer(self, x: Shape) -> Shape:
        split_evenly(self.groups, x.channels, self.channels)
        try:
            return Shape((x.batch, self.channels, *slide(x, self.window)))
        except Rejected as refusal:
            raise Rejected(self._swapped(refusal.problem), at=refusal.at) from None

    def _swapped(self, problem: Problem) -> Problem:
        """A huge kernel, and as few channels as kernels are large, have most likely changed places."""
        few, wide = self.channels, max(self.kernel)
        if few not in (1, 2, 3, 4, 5, 7, 9, 11) or wide < 12 or not isinstance(problem, WindowTooLarge):
            return problem
        return replace(problem, swapped=f"conv({wide}, kernel={few})")

    def params(self, x: Shape) -> Params:
        weight = (self.channels, x.channels // self.groups, *self.kernel)
        init = lecun_uniform(fan_in(weight))
        return {
            "weight": Param(weight, self.init.of(weight, init)),
            **({"bias": Param((self.channels,), init)} if self.bias else {}),
        }

    def macs(self, x: Shape) -> Dim:
        return product(self.infer(x).dims) * (x.channels // self.groups) * product(self.kernel)

    @property
    def window(self) -> Window:
        return Window(self.kernel, self.stride, self.padding, self.dilation)

    def feature_axis(self, x: Shape) -> int:
        return 1

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (slid(mixed(seen[0], (1,)), self.window),)
