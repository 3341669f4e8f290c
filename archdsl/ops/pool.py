"""Pooling over sliding windows of one, two or three spatial axes."""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.diagnostics import Problem
from archdsl.ops.base import NEITHER, Op, Rejected, Size, Window, attribute, flattened
from archdsl.ops.chapters import POOLING
from archdsl.ops.sight import Shapes, Sights
from archdsl.ops.slide import AXES, fits, measured, slid, slide
from archdsl.record import replace
from archdsl.sizes.dim import Dim
from archdsl.sizes.fact import Fact
from archdsl.sizes.shape import Shape


class PaddingTooWide(Problem):
    """Padding of more than half a pooling window would make windows that see nothing but padding.

    input image: [N, 3, 8, 8]
    max_pool(2, padding=2)      # error[padding-too-wide]
    max_pool(2, padding=1)      # good
    """

    code = "padding-too-wide"
    message = "a padding of {padding} is more than half of a pooling window of {kernel}"
    padding: int
    kernel: int

    def help(self) -> str:
        return f"padding can be at most {self.kernel // 2} here"


class PoolOfPadding(Problem):
    """Each pooling window meets the input: a dilated one may step over a short input, from padding to padding.

    input x: [N, 3, 2]
    max_pool(2, padding=1, dilation=3)      # error[pool-of-padding]: positions -1 and 2 of 0 and 1
    max_pool(2, padding=1, dilation=2)      # good
    """

    code = "pool-of-padding"
    message = "the first window of {op} sees nothing but padding: it steps by {dilation} over {room}"
    label = "the input is {shape}"
    op: str
    dilation: int
    size: int
    axis: str
    shape: Shape

    def facts(self) -> Mapping[str, object]:
        return {**self.values(), "room": measured(self.size, self.axis)}

    def help(self) -> str:
        return f"dilation={self.size} meets the input"


class MaxPool(Op):
    """Keep the largest value of each window.

        max_pool(2)                            # [N, 64, 32, 32] -> [N, 64, 16, 16]
        max_pool(3, stride=2, padding=1)       # [N, 64, 112, 112] -> [N, 64, 56, 56]
        max_pool(3, stride=2, ceil=true)       # [N, 64, 112, 112] -> [N, 64, 56, 56], the last one hangs over the end

    The stride is the window's size unless given. Padding never wins: it counts as minus infinity.
    """

    name = "max_pool"
    ranks = (3, 4, 5)
    chapter = POOLING
    names_elsewhere = ("MaxPool2d", "MaxPooling2D")

    kernel: Size = attribute(at_least=1, doc="size of the window")
    stride: Size | None = attribute(None, at_least=1, doc="step from one window to the next; the window's size if none")
    padding: Size = attribute(0, at_least=0, doc="positions added at both ends of each axis")
    dilation: Size = attribute(1, at_least=1, doc="step from one element of the window to the next")
    ceil: bool = attribute(False, doc="let the last window hang over the end")

    @classmethod
    def rank_hint(cls, shape: Shape) -> str:
        return flattened(shape)

    def infer(self, x: Shape) -> Shape:
        _half_padded(self.window)
        sizes = slide(x, self.window, self.ceil)
        for axis, size in enumerate(x.spatial):
            if isinstance(size, int) and size < _meeting(self.window, axis):
                name = AXES[len(x.spatial)][axis]
                raise Rejected(PoolOfPadding(self.name, self.dilation[axis], size, name, x), at="dilation")
        return Shape((x.batch, x.channels, *sizes))

    def needs(self, x: Shape) -> tuple[Fact, ...]:
        met = ((size, _meeting(self.window, axis)) for axis, size in enumerate(x.spatial))
        return (*fits(x, self.window), *(Fact(size, ">=", least) for size, least in met if least > 1))

    @property
    def window(self) -> Window:
        return Window(self.kernel, self.stride or self.kernel, self.padding, self.dilation)

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return max(self.kernel) == 1 and x == y

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (slid(seen[0], self.window),)


class AvgPool(Op):
    """Average each window.

        avg_pool(2)                                                   # [N, 6, 28, 28] -> [N, 6, 14, 14]
        avg_pool(3, stride=1, padding=1, count_padding=false)      # [N, 6, 28, 28] -> [N, 6, 28, 28]

    The stride is the window's size unless given. Padding counts as zeros unless `count_padding=false`, which divides
    by the number of real values under the window.
    """

    name = "avg_pool"
    ranks = (3, 4, 5)
    chapter = POOLING
    names_elsewhere = ("AvgPool2d", "AveragePooling2D", "AveragePool")
    gradient_needs = NEITHER

    kernel: Size = attribute(at_least=1, doc="size of the window")
    stride: Size | None = attribute(None, at_least=1, doc="step from one window to the next; the window's size if none")
    padding: Size = attribute(0, at_least=0, doc="zeros added at both ends of each axis")
    ceil: bool = attribute(False, doc="let the last window hang over the end")
    count_padding: bool = attribute(True, doc="whether padding counts in the average")

    @classmethod
    def rank_hint(cls, shape: Shape) -> str:
        return flattened(shape)

    def infer(self, x: Shape) -> Shape:
        if len(x.spatial) == 3:
            _unpadded(x, self._bare)
        _half_padded(self.window)
        return Shape((x.batch, x.channels, *slide(x, self.window, self.ceil)))

    def needs(self, x: Shape) -> tuple[Fact, ...]:
        return fits(x, self._bare if len(x.spatial) == 3 else self.window)

    @property
    def _bare(self) -> Window:
        """The window without its padding: torch pools volumes only where that fits."""
        return replace(self.window, padding=(0,) * len(self.kernel))

    @property
    def window(self) -> Window:
        return Window(self.kernel, self.stride or self.kernel, self.padding, (1,) * len(self.kernel))

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return max(self.kernel) == 1 and x == y

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (slid(seen[0], self.window),)


class LpPool(Op):
    """Take the p-norm of each window: (Σ |x|^p)^(1/p).

        lp_pool(2)           # [N, 64, 32, 32] -> [N, 64, 16, 16], p = 2: root of the sum of squares
        lp_pool(2, p=1)      # sums of absolute values

    The stride is the window's size unless given. The powers are those of |x|, as in ONNX, so that it is a norm for
    every p; torch's own functions take those of x, which differ where p is odd or no whole number. A window that hangs
    over the end (`ceil=true`) counts as if it were full of values like those that it has (Sermanet, Chintala and LeCun,
    'Convolutional Neural Networks Applied to House Numbers Digit Classification', 2012). The gradient of a window of
    zeros is 0.
    """

    name = "lp_pool"
    ranks = (3, 4, 5)
    chapter = POOLING
    names_elsewhere = ("LPPool2d", "LpPool")

    kernel: Size = attribute(at_least=1, doc="size of the window")
    p: float = attribute(2.0, at_least=1, doc="exponent")
    stride: Size | None = attribute(None, at_least=1, doc="step from one window to the next; the window's size if none")
    ceil: bool = attribute(False, doc="let the last window hang over the end")

    @classmethod
    def rank_hint(cls, shape: Shape) -> str:
        return flattened(shape)

    def infer(self, x: Shape) -> Shape:
        return Shape((x.batch, x.channels, *_unpadded(x, self.window, self.ceil)))

    def needs(self, x: Shape) -> tuple[Fact, ...]:
        return fits(x, self.window)

    @property
    def window(self) -> Window:
        return Window(self.kernel, self.stride or self.kernel, (0,) * len(self.kernel), (1,) * len(self.kernel))

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (slid(seen[0], self.window),)


def _unpadded(x: Shape, window: Window, ceil: bool = False) -> tuple[Dim, ...]:
    """The sizes that a window leaves; where it does not fit, padding is no remedy."""
    try:
        return slide(x, window, ceil)
    except Rejected as refusal:
        raise Rejected(replace(refusal.problem, padding=None), at=refusal.at) from None


def _meeting(window: Window, axis: int) -> int:
    """The least size that every window meets: those that start in the padding reach it by whole steps of the dilation.

    _meeting(Window((2,), (2,), (1,), (3,)), 0)      # 3: the first window holds the positions -1 and 2
    """
    _, stride, padding, dilation = (of[axis] for of in window.values().values())
    return 1 + max(((start - padding) % dilation for start in range(0, padding, stride)), default=0)


def _half_padded(window: Window) -> None:
    for padding, kernel in zip(window.padding, window.kernel, strict=True):
        if 2 * padding > kernel:
            raise Rejected(PaddingTooWide(padding, kernel), at="padding")
