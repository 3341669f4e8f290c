"""The arithmetic of sliding windows, shared by convolution and pooling.

Along one axis a window that spans `d (k - 1) + 1` positions, moved by `s` over `n + 2 p` positions, stops at
`floor((n + 2 p - d (k - 1) - 1) / s) + 1` places (Dumoulin and Visin, 'A guide to convolution arithmetic', 2016).
"""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.diagnostics import Problem
from archdsl.ops.base import Rejected, Window
from archdsl.ops.sight import Seen, resampled
from archdsl.sizes.dim import Dim, Expr
from archdsl.sizes.fact import Fact
from archdsl.sizes.shape import Shape

AXES = {1: ("length",), 2: ("rows", "columns"), 3: ("depth", "rows", "columns")}


class WindowTooLarge(Problem):
    """A window must fit into its padded input at least once.

    input image: [N, 3, 4, 4]
    conv(8, kernel=5)                 # error[window-too-large]
    conv(8, kernel=5, padding=1)      # good
    """

    code = "window-too-large"
    message = "a window of {span} does not fit into {room}"
    label = "the input is {shape}"
    span: int
    room: int
    axis: str
    shape: Shape
    padding: int | None
    swapped: str = ""

    def facts(self) -> Mapping[str, object]:
        room = measured(self.room, self.axis, "padded " if self.padding else "")
        return {"span": self.span, "room": room, "shape": self.shape}

    def help(self) -> str:
        missing = self.span - self.room
        if self.swapped:
            return f"channels come before the kernel: {self.swapped}"
        if self.padding is None:
            return f"a window smaller by {missing} fits"
        enough = self.padding + -(-missing // 2)
        return f"padding={enough} makes room, and so does a window smaller by {missing}"


def measured(size: int, axis: str, how: str = "") -> str:
    """So many positions of an axis, in words.

    measured(1, "rows"); measured(4, "length", "padded ")      # "1 row", "a padded length of 4"
    """
    rows = axis.removesuffix("s") if size == 1 else axis
    return f"{size} {how}{rows}" if axis.endswith("s") else f"a {how}{axis} of {size}"


def fits(x: Shape, window: Window) -> tuple[Fact, ...]:
    """What the free sizes of an input must be for a window to fit, hanging over the end or not."""
    facts = []
    for axis, size in enumerate(x.spatial):
        span = window.dilation[axis] * (window.kernel[axis] - 1) + 1
        if isinstance(size, Expr):
            facts.append(Fact(size + 2 * window.padding[axis], ">=", span))
    return tuple(facts)


def slide(x: Shape, window: Window, ceil_mode: bool = False) -> tuple[Dim, ...]:
    """The spatial sizes that a window leaves of an input; the window must fit.

    slide(Shape((n, 3, 32, 32)), Window((3, 3), (2, 2), (1, 1), (1, 1)))      # (16, 16)
    """
    sizes: list[Dim] = []
    for axis, size in enumerate(x.spatial):
        stride, padding = window.stride[axis], window.padding[axis]
        span = window.dilation[axis] * (window.kernel[axis] - 1) + 1
        steps: Dim = size + (2 * padding - span)
        places = steps // stride + 1
        if ceil_mode:
            # the last window may hang over the end, but must start inside the input or its left padding
            hanging = span >= stride + padding
            places = (steps + stride - 1 if hanging else size + padding - 1) // stride + 1
        room = size + 2 * padding
        if isinstance(room, int) and room < span:
            name = AXES[len(x.spatial)][axis]
            raise Rejected(WindowTooLarge(span, room, name, x, padding), at="kernel")
        sizes.append(places)
    return tuple(sizes)


def slid(seen: Seen, window: Window) -> Seen:
    """What is seen by windows that slide over the spatial axes, each channel by itself."""
    result = seen
    for axis, (kernel, stride, padding, dilation) in enumerate(zip(*window.values().values(), strict=True), 2):
        places = range(-padding, -padding + dilation * (kernel - 1) + 1, dilation)
        result = resampled(result, axis, [places], stride)
    return result
