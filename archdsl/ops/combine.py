"""Joins: ops that take the values of several arms."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import ClassVar, Literal

from archdsl.diagnostics import Problem, listing
from archdsl.ops.base import NEITHER, Op, Rejected, attribute
from archdsl.ops.chapters import JOINS
from archdsl.ops.reshape import axis_of
from archdsl.ops.sight import Scattered, Seen, Shapes, Sight, Sights, axes_of, field_of, joined, lost
from archdsl.sizes.dim import Expr
from archdsl.sizes.fact import Fact
from archdsl.sizes.prove import NOTHING_KNOWN, Known, equal
from archdsl.sizes.shape import Shape
from archdsl.sizes.verdict import SETTLE, Proved, Refuted, Verdict


class BranchesDiffer(Problem):
    """The arms of a branch must leave values that fit together.

    `add`, `mul` and `sub` need one shape for all arms, `concat` the same size on every axis but the joined one. Nothing
    is broadcast unless `broadcast=true` says so.

        input x: [N, 16, 8, 8]
        add { | conv(32, kernel=1) | identity }                # error[branches-differ]
        add { | conv(32, kernel=1) | conv(32, kernel=1) }      # good
    """

    code = "branches-differ"
    message = "the arms of this {op} leave different shapes"
    label = "{need}"
    op: str
    need: str
    fix: str = ""
    is_settled: bool = False

    def help(self) -> str:
        return self.fix


class BranchesUndecided(Problem):
    """Whether the arms agree for every size could not be decided; unknown is never taken for good.

        input x: [N, A, B]
        input y: [N, A, B * min(1, (A ** 2 + 1 - B ** 3) ** 2)]      # bad
        input y: [N, A, B]                                           # good
        add { | x | y }                                              # error[branches-undecided]: is A * A + 1 a cube?
        add { | x | y }                                              # good

    Fixed sizes on the input settle it: `input x: [N, 16, 32, 32]`.
    """

    code = "branches-undecided"
    message = "whether the arms of this {op} agree for every size is not known: {left} and {right}"
    op: str
    left: str
    right: str

    def help(self) -> str:
        return SETTLE


class Join(Op):
    """The base of ops that join arms."""

    arity: ClassVar[int | Literal["many"]] = "many"
    chapter = JOINS
    proves = True


class Arithmetic(Join):
    """The base of joins that compute value by value."""

    broadcast: bool = attribute(False, doc="whether sizes of 1 stretch to those of the other arms")

    def infer(self, *xs: Shape, known: Known = NOTHING_KNOWN) -> Shape:
        if self.broadcast:
            return _stretched(self.name, xs, known)
        _agree(self.name, xs, None, known)
        return xs[0]

    def leaves_fresh_value(self, *xs: Shape) -> bool:
        return len(xs) > 1  # the sum of one value is that value

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        """All arms at one place; what a stretched arm sees from its single place is not followed."""
        return (joined(_lost_where_stretched(s, x, ys[0]) for x, s in zip(xs, seen, strict=True)),)


class Add(Arithmetic):
    """Add the values of all arms, which must have one shape.

        add { | conv(64, kernel=3, padding=1) | identity }      # [N, 64, 8, 8] -> [N, 64, 8, 8]

    With `broadcast=true` sizes of 1 stretch to those of the other arms.
    """

    name = "add"
    sign = "+"
    names_elsewhere = ("Add", "Sum")
    gradient_needs = NEITHER


class Mul(Arithmetic):
    """Multiply the values of all arms, which must have one shape.

        mul { | conv(64, kernel=1) | conv(64, kernel=1) -> sigmoid }      # [N, 64, 8, 8] -> [N, 64, 8, 8]

    With `broadcast=true` sizes of 1 stretch to those of the other arms, as gates need it:

        mul(broadcast=true) { | identity | mean([2, 3], keep=true) -> conv(64, kernel=1) -> sigmoid }
    """

    name = "mul"
    sign = "×"
    names_elsewhere = ("Multiply", "Mul")
    takes_equal_arms = True


class Sub(Arithmetic):
    """Subtract the value of the second arm from that of the first; both must have one shape.

        sub { | identity | avg_pool(3, stride=1, padding=1) }      # [N, 64, 8, 8] -> [N, 64, 8, 8]

    With `broadcast=true` sizes of 1 stretch to those of the other arm.
    """

    name = "sub"
    arity = 2
    sign = "−"
    names_elsewhere = ("Subtract", "Sub")
    gradient_needs = NEITHER


class Concat(Join):
    """Join the values of all arms along an axis, channels unless told otherwise.

    concat { | conv(64, kernel=1) | conv(32, kernel=1) }      # [N, 3, 8, 8] -> [N, 96, 8, 8]
    """

    name = "concat"
    names_elsewhere = ("cat", "Concatenate", "Concat")
    gradient_needs = NEITHER

    axis: int = attribute(1, doc="the axis along which the arms are joined, counted from 0")

    def infer(self, *xs: Shape, known: Known = NOTHING_KNOWN) -> Shape:
        axis = axis_of(self.axis, xs[0])
        _agree(self.name, xs, axis, known)
        return xs[0].with_axis(axis, sum((x.dims[axis] for x in xs[1:]), xs[0].dims[axis]))

    def is_samplewise(self, *xs: Shape) -> bool:
        return axis_of(self.axis, xs[0]) > 0

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        """All arms at one place; along the joined axis a place is one of one arm or of another."""
        axis = self.axis % xs[0].rank
        moving = [s for s in seen if not isinstance(s, Sight)]
        if not any(axis in axes_of(s) for s in moving):
            return (joined(seen),)
        if Sight.ALL in seen or Sight.UNKNOWN in seen:
            return (Sight.ALL if Sight.ALL in seen else Sight.UNKNOWN,)
        extents = [field for field in map(field_of, moving) if isinstance(field, int)]
        return (Scattered(frozenset().union(*map(axes_of, moving)), max(extents), (seen, xs)),)


def _lost_where_stretched(seen: Seen, x: Shape, y: Shape) -> Seen:
    return reduce(lost, (axis for axis, dim in enumerate(x.dims) if dim == 1 and y.dims[axis] != 1), seen)


def _agree(op: str, xs: tuple[Shape, ...], except_axis: int | None, known: Known) -> None:
    """Reject arms whose sizes differ on an axis that must be the same."""
    first = xs[0]
    need = f"{op} needs one shape" if except_axis is None else f"{op} needs the same sizes but on axis {except_axis}"
    for other in xs[1:]:
        if other.rank != first.rank:
            raise Rejected(BranchesDiffer(op, need, _ranks(first, other)))
        alive = known.also(*_alive(first, other))
        pairs = enumerate(zip(first.dims, other.dims, strict=True))
        verdicts = {axis: equal(a, b, alive) for axis, (a, b) in pairs if axis != except_axis}
        advice = _broadcasting(xs, known) if except_axis is None and _differ(verdicts) else ""
        _settle(op, need, first, other, verdicts, advice)


def _stretched(op: str, xs: tuple[Shape, ...], known: Known) -> Shape:
    """The shape of all arms once sizes of 1 are stretched; ranks and all other sizes must agree."""
    need = f"{op} needs one shape, but for sizes of 1"
    result = xs[0]
    for other in xs[1:]:
        if other.rank != result.rank:
            raise Rejected(BranchesDiffer(op, need, _ranks(result, other)))
        alive = known.also(*_alive(result, other))
        verdicts: dict[int, Verdict] = {}
        for axis, (a, b) in enumerate(zip(result.dims, other.dims, strict=True)):
            if a == 1:
                result = result.with_axis(axis, b)
            elif b != 1:
                verdicts[axis] = equal(a, b, alive)
        _settle(op, need, result, other, verdicts)
    return result


def _ranks(a: Shape, b: Shape) -> str:
    return f"give every arm the same number of axes: {a.rank} and {b.rank} differ; reductions keep theirs by keep=true"


def _broadcasting(xs: tuple[Shape, ...], known: Known) -> str:
    """That broadcast=true would help, where it would."""
    try:
        _stretched("", xs, known)
    except Rejected:
        return ""
    return "broadcast=true stretches sizes of 1 to those of the other arms"


def _alive(*shapes: Shape) -> tuple[Fact, ...]:
    """The arms' values have at least one element along each axis: no counterexample needs to look below that."""
    return tuple(Fact(dim, ">=", 1) for shape in shapes for dim in shape.dims if isinstance(dim, Expr))


def _differ(verdicts: Mapping[int, Verdict]) -> dict[int, Refuted]:
    """The axes on which two arms differ."""
    return {axis: verdict for axis, verdict in verdicts.items() if isinstance(verdict, Refuted)}


def _settle(op: str, need: str, a: Shape, b: Shape, verdicts: Mapping[int, Verdict], advice: str = "") -> None:
    """Reject two arms that differ on an axis, or may; `advice` is what makes them agree, where that is known."""
    refuted = _differ(verdicts)
    if refuted:
        if advice:
            raise Rejected(BranchesDiffer(op, need, advice, is_settled=True))
        always = [axis for axis, verdict in refuted.items() if not verdict.sizes]
        if always:
            raise Rejected(BranchesDiffer(op, need, _fix(a, b, always)))
        few = any(verdict.condition and _is_bound(verdict.condition) for verdict in refuted.values())
        raise Rejected(BranchesDiffer(op, need, _conditions(a, b, list(refuted.values())), is_settled=not few))
    for axis, verdict in verdicts.items():
        if not isinstance(verdict, Proved):
            raise Rejected(BranchesUndecided(op, str(a.dims[axis]), str(b.dims[axis])))


def _conditions(a: Shape, b: Shape, refuted: list[Refuted]) -> str:
    """The smallest sizes for which two arms differ, and what must be stated for them to agree."""
    sizes = min((verdict.sizes for verdict in refuted), key=lambda sizes: sum(sizes.values()))
    where = f"for {_given(sizes)} the arms leave {a.at(sizes)} and {b.at(sizes)}"
    conditions = list(dict.fromkeys(verdict.condition for verdict in refuted))
    if not all(conditions):
        symbols = all(str(dim).isidentifier() for dim in (*a.dims, *b.dims) if isinstance(dim, Expr))
        return f"{where}; sizes that are the same have one symbol" if symbols else where
    where = f"{where}; they agree when {listing(conditions, 'and')}"
    clauses = list(dict.fromkeys(verdict.clause for verdict in refuted))
    return f"{where}: state it behind the input's shape, where {', '.join(clauses)}" if all(clauses) else where


def _is_bound(condition: str) -> bool:
    """Whether only so many sizes meet a condition: hardly what was meant."""
    return "%" not in condition and ">=" not in condition


def _fix(a: Shape, b: Shape, axes: list[int]) -> str:
    """What to look at in two arms that differ for every size."""
    if axes == [1]:
        return f"give every arm the same channels: {listing((a.channels, b.channels), 'and')} differ"
    if a.rank == 3 and len(axes) == 1:
        axis = axes[0]
        return f"make axis {axis} the same in every arm: {listing((a.dims[axis], b.dims[axis]), 'and')} differ"
    if a.rank > 2:
        where = f"axis {axes[0]}" if len(axes) == 1 else f"axes {listing(axes, 'and')}"
        return f"give every arm the same stride and fitting padding: {listing((a, b), 'and')} differ on {where}"
    return ""


def _given(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {size}" for name, size in sizes.items())
