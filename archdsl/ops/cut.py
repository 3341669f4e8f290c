"""Ops that cut a value along an axis: slice, split and chunk."""

from __future__ import annotations

from archdsl.diagnostics import Problem, listing
from archdsl.ops.base import NEITHER, Integers, Op, Rejected, attribute
from archdsl.ops.chapters import FORMS
from archdsl.ops.reshape import inner_axis
from archdsl.ops.sight import Shapes, Sights, moved
from archdsl.sizes.dim import Dim, ceildiv
from archdsl.sizes.fact import Fact
from archdsl.sizes.prove import NOTHING_KNOWN, Known, equal
from archdsl.sizes.shape import Shape
from archdsl.sizes.verdict import SETTLE, Proved, Refuted


class UnevenParts(Problem):
    """Parts of equal size need a size that their number divides.

    input image: [N, 30, 8, 8]
    chunk(4)      # error[uneven-parts]: 30 channels
    chunk(5)      # good
    """

    code = "uneven-parts"
    message = "{op} needs a number of {what} that {count} divides, and gets {size}"
    label = "the input is {shape}"
    op: str
    what: str
    count: int
    size: Dim
    shape: Shape
    fix: str

    def help(self) -> str:
        return self.fix


class PartsUndecided(Problem):
    """Whether a number divides a size could not be decided; unknown is never taken for good.

        input x: [N, A, B, 8 + 8 * min(1, (A ** 2 + 1 - B ** 3) ** 2)]
        chunk(16, axis=3)      # error[parts-undecided]: is A * A + 1 a cube?
        chunk(8, axis=3)       # good

    Fixed sizes on the input settle it: `input image: [N, 16, 32, 32]`.
    """

    code = "parts-undecided"
    message = "whether {count} always divides the {size} {what} of this {op} is not known"
    op: str
    what: str
    count: int
    size: Dim

    def help(self) -> str:
        return SETTLE


class PartsDontFit(Problem):
    """The parts of a split make up the whole axis.

    input image: [N, 64, 8, 8]
    split([16, 32])      # error[parts-dont-fit]: 48 of 64
    split([16, 48])      # good
    """

    code = "parts-dont-fit"
    message = "the parts are {total} together, and axis {axis} of {shape} is {size}"
    total: int
    axis: int
    size: Dim
    shape: Shape
    parts: Integers

    def help(self) -> str:
        if not isinstance(self.size, int):
            return "give the axis a fixed size, or cut it with slice"
        rest = self.size - sum(self.parts[:-1])
        if rest > 0:
            return f"split([{', '.join(map(str, (*self.parts[:-1], rest)))}]) takes the rest last"
        return f"split([{', '.join(map(str, (*self.parts, self.size - self.total)))}])" if rest > 0 else ""


class EmptySlice(Problem):
    """A slice keeps at least one position of its axis.

    input image: [N, 16, 8, 8]
    slice(axis=1, start=8, stop=8)      # error[empty-slice]
    slice(axis=1, start=8, stop=9)      # good
    """

    code = "empty-slice"
    message = "there is nothing from {start} to {stop} along axis {axis} of {shape}"
    start: int
    stop: int
    axis: int
    shape: Shape

    def help(self) -> str:
        return "a slice ends before its stop, so the stop must come after the start"


class BeyondAxis(Problem):
    """A slice lies within its axis; unlike Python's, it is never shortened in silence.

    input image: [N, 16, 8, 8]
    slice(axis=1, stop=20)      # error[beyond-axis]
    slice(axis=1, stop=16)      # good
    """

    code = "beyond-axis"
    message = "a slice from {start} to {stop} reaches beyond axis {axis} of {shape}"
    start: int
    stop: str
    axis: int
    shape: Shape
    size: int

    def help(self) -> str:
        return f"start can be from -{self.size} to {self.size - 1}, stop up to {self.size}, which is the end"


class SliceUndecided(Problem):
    """A slice from a position counted from the end to one counted from the start depends on the size of its axis.

    input tokens: [N, T, 64]
    slice(axis=1, start=-4, stop=8)      # error[slice-undecided]
    slice(axis=1, start=-4)              # good
    """

    code = "slice-undecided"
    message = "how much lies from {start} to {stop} depends on {size}, which is free"
    start: int
    stop: int
    size: Dim

    def help(self) -> str:
        return "count both ends from the same side"


def parts(op: str, size: Dim, count: int, what: str, shape: Shape, at: str, known: Known) -> Dim:
    """A size divided by a number that must divide it.

    parts("chunk", 64, 2, "channels", shape, "count", known)      # 32
    """
    verdict = equal(size // count * count, size, known)
    if isinstance(verdict, Proved):
        return size // count
    if isinstance(verdict, Refuted):
        raise Rejected(UnevenParts(op, what, count, size, shape, _divisors(size, count, at, verdict)), at=at)
    raise Rejected(PartsUndecided(op, what, count, size), at=at)


def _divisors(size: Dim, count: int, at: str, verdict: Refuted) -> str:
    if verdict.condition:
        stated = f": state it behind the input's shape, as where {verdict.clause}" if verdict.clause else ""
        return f"it fits when {verdict.condition}{stated}"
    if not isinstance(size, int):
        return ""
    if at == "factor":
        below = size // count * count
        return f"{listing((n for n in (below, below + count) if n), 'and')} would fit"
    return f"{at} can be {listing(n for n in range(1, size + 1) if size % n == 0)}"


def axis_name(axis: int, shape: Shape) -> str:
    """What an axis holds, for messages; sequences may have their features last, so their axes go by number."""
    names = {2: ("", "features"), 4: ("", "channels", "rows", "columns")}.get(shape.rank)
    return names[axis] if names else f"positions along axis {axis}"


def _parts_see(axis: int, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
    """What the parts of a value see, which is cut along an axis."""
    axis = axis % xs[0].rank
    starts: list[Dim] = [0]
    for shape in ys:
        starts.append(starts[-1] + shape.dims[axis])
    return tuple(moved(seen[0], axis, start) for start in starts[:-1])


class Slice(Op):
    """Keep a range of positions along an axis.

        slice(axis=1, start=0, stop=1)      # [N, 197, 768] -> [N, 1, 768], the first token
        slice(axis=2, step=2)               # [N, 64, 32, 32] -> [N, 64, 16, 32], every other row

    Positions count from 0, negative ones from the end; `stop` is the first position that is left out.
    """

    name = "slice"
    is_view = True
    chapter = FORMS
    names_elsewhere = ("Slice", "narrow")
    gradient_needs = NEITHER

    axis: int = attribute(doc="the axis that is cut, counted from 0 (the batch, which is never cut)")
    start: int = attribute(0, doc="the first position that is kept")
    stop: int | None = attribute(None, doc="the first position that is left out; the end of the axis if none")
    step: int = attribute(1, at_least=1, doc="from one kept position to the next")

    def infer(self, x: Shape) -> Shape:
        axis = inner_axis(self.name, self.axis, x)
        span = self._span(x.dims[axis], axis, x)
        return x.with_axis(axis, ceildiv(span, self.step))

    def needs(self, x: Shape) -> tuple[Fact, ...]:
        return (Fact(x.dims[self.axis], ">=", self._least),)

    @property
    def _least(self) -> int:
        """The least size of the axis in which both ends lie."""
        return max(self.start + 1 if self.start >= 0 else -self.start, abs(self.stop or 0))

    def _span(self, size: Dim, axis: int, x: Shape) -> Dim:
        """How many positions lie between the ends."""
        start, stop = self.start, self.stop
        if not isinstance(size, int) and stop is not None and start < 0 < stop:
            raise Rejected(SliceUndecided(start, stop, size), at="stop")
        first = start if start >= 0 else size + start
        last = size if stop is None else stop if stop >= 0 else size + stop
        span = last - first
        if isinstance(size, int) and size < self._least:
            at = "stop" if abs(stop or 0) > size else "start"
            raise Rejected(BeyondAxis(start, "the end" if stop is None else str(stop), axis, x, size), at=at)
        if stop is not None and isinstance(span, int) and span < 1:
            raise Rejected(EmptySlice(start, stop, axis, x), at="stop")
        return span

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return x == y

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        axis = self.axis % xs[0].rank
        start = self.start if self.start >= 0 else xs[0].dims[axis] + self.start
        return (moved(seen[0], axis, start, self.step),)


class Split(Op):
    """Cut a value along an axis into parts of given sizes.

        query, rest = split([64, 128])      # [N, 192, 50] -> [N, 64, 50], [N, 128, 50]

    The parts make up the whole axis.
    """

    name = "split"
    is_view = True
    chapter = FORMS
    names_elsewhere = ("Split",)
    gradient_needs = NEITHER

    sizes: Integers = attribute(at_least=1, doc="the size of each part along the axis")
    axis: int = attribute(1, doc="the axis that is cut, counted from 0 (the batch, which is never cut)")

    def infer(self, x: Shape) -> tuple[Shape, ...]:
        axis = inner_axis(self.name, self.axis, x)
        if sum(self.sizes) != x.dims[axis]:
            raise Rejected(PartsDontFit(sum(self.sizes), axis, x.dims[axis], x, self.sizes), at="sizes")
        return tuple(x.with_axis(axis, size) for size in self.sizes)

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return _parts_see(self.axis, xs, ys, seen)

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return x == y


class Chunk(Op):
    """Cut a value along an axis into equal parts.

    a, b = chunk(2)      # [N, 64, 8, 8] -> [N, 32, 8, 8], [N, 32, 8, 8]
    """

    name = "chunk"
    is_view = True
    chapter = FORMS
    names_elsewhere = ("chunk",)
    gradient_needs = NEITHER

    proves = True

    count: int = attribute(at_least=1, at_most=10_000, doc="the number of parts")
    axis: int = attribute(1, doc="the axis that is cut, counted from 0 (the batch, which is never cut)")

    def infer(self, x: Shape, *, known: Known = NOTHING_KNOWN) -> tuple[Shape, ...]:
        axis = inner_axis(self.name, self.axis, x)
        size = parts(self.name, x.dims[axis], self.count, axis_name(axis, x), x, "count", known)
        return (x.with_axis(axis, size),) * self.count

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return _parts_see(self.axis, xs, ys, seen)

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return x == y
