"""Transposed convolutions over one, two or three spatial axes."""

from __future__ import annotations

from archdsl.diagnostics import Problem
from archdsl.ops.base import Op, Param, Params, Rejected, Size, attribute
from archdsl.ops.chapters import CONVOLUTIONS
from archdsl.ops.conv import split_evenly
from archdsl.ops.init import DEFAULT, Initializer, fan_in, lecun_uniform
from archdsl.ops.sight import Shapes, Sights, mixed, resampled
from archdsl.ops.slide import AXES
from archdsl.sizes.dim import Dim, product
from archdsl.sizes.shape import Shape


class OutputPaddingTooWide(Problem):
    """Output padding chooses among the sizes that a convolution of this stride would shrink to the input's.

    There are as many of them as the stride is wide (or the dilation, where that is wider).

        input image: [N, 16, 8, 8]
        conv_transpose(8, kernel=3, stride=2, output_padding=2)      # error[output-padding-too-wide]
        conv_transpose(8, kernel=3, stride=2, output_padding=1)      # good
    """

    code = "output-padding-too-wide"
    message = "an output padding of {output_padding} is not below {limit}, the larger of stride and dilation"
    output_padding: int
    limit: int

    def help(self) -> str:
        return f"output_padding can be at most {self.limit - 1} here"


class NothingLeft(Problem):
    """The padding of a transposed convolution is cut off its output, of which something must be left.

    input image: [N, 16, 1, 1]
    conv_transpose(8, kernel=4, padding=2)      # error[nothing-left]
    conv_transpose(8, kernel=4, padding=1)      # good: two rows are left
    """

    code = "nothing-left"
    message = "a padding of {padding} cuts off all {size} {axis} of the output"
    label = "the input is {shape}"
    padding: int
    size: int
    axis: str
    shape: Shape

    def help(self) -> str:
        return f"padding can be at most {(self.size - 1) // 2} here"


class ConvTranspose(Op):
    """Spread each value over a window of the output, weighted by a learned kernel.

        conv_transpose(64, kernel=2, stride=2)      # [N, 128, 16, 16] -> [N, 64, 32, 32]
        conv_transpose(64, kernel=3, stride=2, padding=1, output_padding=1)      # [N, 128, 16, 16] -> [N, 64, 32, 32]

    It is the gradient of `conv` with the same arguments. Each size n becomes
    `(n - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + output_padding`: the padding is what `conv` would
    have added, so here it is cut off; `output_padding` adds positions at the end, which see fewer windows or none
    (Zeiler et al., 'Deconvolutional Networks', 2010; Dumoulin and Visin, 'A guide to convolution arithmetic', 2016).

    Parameters: `weight` [input channels, channels / groups, *kernel], `bias` [channels]. Its first values are drawn as
    torch draws them, which takes the weight's second axis for the inputs.
    """

    name = "conv_transpose"
    ranks = (3, 4, 5)
    chapter = CONVOLUTIONS
    names_elsewhere = ("ConvTranspose2d", "Conv2DTranspose", "ConvTransposed2d", "deconv", "upconv")
    sized_elsewhere = 2

    channels: Dim = attribute(at_least=1, doc="output channels")
    kernel: Size = attribute(at_least=1, doc="size of the window")
    stride: Size = attribute(1, at_least=1, doc="step from one window to the next")
    padding: Size = attribute(0, at_least=0, doc="positions cut off at both ends of each axis")
    output_padding: Size = attribute(0, at_least=0, doc="positions added at the end of each axis")
    dilation: Size = attribute(1, at_least=1, doc="step from one element of the window to the next")
    groups: int = attribute(1, at_least=1, doc="parts of the channels that don't see each other")
    bias: bool = attribute(True, doc="whether each output channel has a learned offset")
    init: Initializer = attribute(DEFAULT, doc="how the first weights are drawn")

    def infer(self, x: Shape) -> Shape:
        split_evenly(self.groups, x.channels, self.channels)
        return Shape((x.batch, self.channels, *(self._spread(x, axis) for axis in range(len(x.spatial)))))

    def _spread(self, x: Shape, axis: int) -> Dim:
        """The size of the output along a spatial axis."""
        kernel, stride, padding = self.kernel[axis], self.stride[axis], self.padding[axis]
        dilation, added = self.dilation[axis], self.output_padding[axis]
        limit = max(stride, dilation)
        if added >= limit:
            raise Rejected(OutputPaddingTooWide(added, limit), at="output_padding")
        whole = (x.spatial[axis] - 1) * stride + dilation * (kernel - 1) + 1 + added
        if isinstance(whole, int) and whole <= 2 * padding:
            raise Rejected(NothingLeft(padding, whole, AXES[len(x.spatial)][axis], x), at="padding")
        return whole - 2 * padding

    def params(self, x: Shape) -> Params:
        weight = (x.channels, self.channels // self.groups, *self.kernel)
        init = lecun_uniform(fan_in(weight))
        return {
            "weight": Param(weight, self.init.of(weight, init)),
            **({"bias": Param((self.channels,), init)} if self.bias else {}),
        }

    def macs(self, x: Shape) -> Dim:
        return product(x.dims) * (self.channels // self.groups) * product(self.kernel)

    def feature_axis(self, x: Shape) -> int:
        return 1

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        """Output place o reads i wherever o = i · stride - padding + dilation · k for some k of the kernel."""
        result = mixed(seen[0], (1,))
        sizes = zip(self.kernel, self.stride, self.padding, self.dilation, strict=True)
        for axis, (kernel, stride, padding, dilation) in enumerate(sizes, 2):
            places = [
                [
                    (place + padding - dilation * k) // stride
                    for k in range(kernel)
                    if (place + padding - dilation * k) % stride == 0
                ]
                for place in range(stride)
            ]
            result = resampled(result, axis, places, 1)
        return (result,)
