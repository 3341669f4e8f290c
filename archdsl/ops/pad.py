"""Padding: room around an image, filled in one of four ways."""

from __future__ import annotations

from archdsl.diagnostics import Problem
from archdsl.ops.base import NEITHER, Op, Rejected, Size, attribute
from archdsl.ops.chapters import ROOM
from archdsl.ops.sight import Shapes, Sights, moved
from archdsl.ops.slide import AXES
from archdsl.sizes.fact import Fact
from archdsl.sizes.shape import Shape


class TooLittleToCopy(Problem):
    """Padding that reflects or wraps around copies from the input, which must hold enough.

    input image: [N, 3, 4, 4]
    pad(4, mode="reflect")      # error[too-little-to-copy]: the edge itself is not repeated
    pad(3, mode="reflect")      # good
    """

    code = "too-little-to-copy"
    message = "{mode} padding of {padding} needs {least} {axis} or more, and gets {size}"
    label = "the input is {shape}"
    mode: str
    padding: int
    least: int
    axis: str
    size: int
    shape: Shape

    def help(self) -> str:
        return f'at most {self.padding - self.least + self.size} here; mode="replicate" has no limit'


FILLS = ("Zero", "Constant", "Reflection", "Replication", "Circular")
"""What torch calls the ways of filling."""


class Pad(Op):
    """Add positions at both ends of each spatial axis.

        pad(1)                                 # [N, 3, 32, 32] -> [N, 3, 34, 34], zeros around
        pad([0, 1], after=[0, 2])              # [N, 3, 32, 32] -> [N, 3, 32, 35]
        pad(3, mode="reflect")                 # [N, 3, 32, 32] -> [N, 3, 38, 38], mirrored at the edge
        pad(1, value=-1.0)                     # a constant other than 0

    `replicate` repeats the outermost position, `reflect` mirrors without repeating it, `circular` continues at the
    other end.
    """

    name = "pad"
    ranks = (3, 4, 5)
    chapter = ROOM
    names_elsewhere = ("Pad", "ZeroPadding2D", *(f"{fill}Pad2d" for fill in FILLS))
    gradient_needs = NEITHER

    before: Size = attribute(at_least=0, doc="positions added before each spatial axis")
    after: Size | None = attribute(None, at_least=0, doc="positions added after each axis; as many as before if none")
    mode: str = attribute(
        "constant", choices=("constant", "reflect", "replicate", "circular"), doc="what the new positions hold"
    )
    value: float = attribute(0.0, doc="the constant that fills new positions")

    @property
    def ends(self) -> tuple[tuple[int, int], ...]:
        """What is added before and after each spatial axis."""
        return tuple(zip(self.before, self.before if self.after is None else self.after, strict=True))

    def infer(self, x: Shape) -> Shape:
        for axis, (size, ends) in enumerate(zip(x.spatial, self.ends, strict=True)):
            least = self._least(ends)
            if isinstance(size, int) and size < least:
                name = AXES[len(x.spatial)][axis]
                at = "before" if max(ends) == ends[0] else "after"
                raise Rejected(TooLittleToCopy(self.mode, max(ends), least, name, size, x), at=at)
        sizes = (size + before + after for size, (before, after) in zip(x.spatial, self.ends, strict=True))
        return Shape((x.batch, x.channels, *sizes), x.kind)

    def needs(self, x: Shape) -> tuple[Fact, ...]:
        return tuple(Fact(size, ">=", self._least(ends)) for size, ends in zip(x.spatial, self.ends, strict=True))

    def _least(self, ends: tuple[int, int]) -> int:
        """The fewest positions that padding can copy from."""
        return {"reflect": max(ends) + 1, "circular": max(1, *ends)}.get(self.mode, 1)

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        result = seen[0]
        for axis, (before, _) in enumerate(self.ends, 2):
            result = moved(result, axis, -before)
        return (result,)

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return x == y
