"""What a place of a value sees of an axis of the network's input, and how ops change it.

Most rules of ops are made of a few steps: an axis is read as a whole (`mixed`), windows slide over it (`resampled`), it
is moved (`moved`) or has another number (`renumbered`), values meet at one place (`joined`). What cannot be followed is
unknown, never guessed. Rules know no graph: `archdsl/analyses/receptive_field.py` takes them through one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from functools import reduce
from typing import TypeAlias

from archdsl.ops.reach import Reach, through, union
from archdsl.record import Record
from archdsl.sizes.dim import Dim
from archdsl.sizes.shape import Shape


class Sight(Enum):
    """What needs no numbers: a place depends on nothing of the input, on all of it, or on nobody knows what."""

    NOTHING = "nothing"
    ALL = "all"
    UNKNOWN = "unknown"


class Along(Record):
    """What a place sees moves on with its index along an axis of the value."""

    axis: int
    reach: Reach


class Scattered(Record):
    """A place sees this many positions in a row; where they are depends on the indices along some axes, in a way that
    is not followed. Two values whose `form` is equal see the same at equal places."""

    axes: frozenset[int]
    extent: int
    form: tuple[object, ...]


Seen: TypeAlias = "Sight | Along | Scattered"

Shapes: TypeAlias = "tuple[Shape, ...]"

Sights: TypeAlias = "tuple[Seen, ...]"
"""What each of several values sees along one axis of the network's input."""

Field: TypeAlias = "int | Sight"


def field_of(seen: Seen) -> Field:
    """How many positions are seen."""
    if isinstance(seen, Along):
        return seen.reach.extent
    return seen.extent if isinstance(seen, Scattered) else seen


def axes_of(seen: Along | Scattered) -> frozenset[int]:
    """The axes of the value along which what is seen changes."""
    return frozenset((seen.axis,)) if isinstance(seen, Along) else seen.axes


def mixed(seen: Seen, axes: Iterable[int]) -> Seen:
    """What is seen by what reads some axes as a whole."""
    if isinstance(seen, Sight) or not axes_of(seen) & set(axes):
        return seen
    return Sight.ALL if axes_of(seen) <= set(axes) else Sight.UNKNOWN


def resampled(seen: Seen, axis: int, places: Sequence[Iterable[int]], step: int) -> Seen:
    """What is seen by what reads some places along an axis; see `archdsl.ops.reach.through`."""
    if isinstance(seen, Sight) or axis not in axes_of(seen) or (step == 1 and [list(read) for read in places] == [[0]]):
        return seen
    reach = through(seen.reach, places, step) if isinstance(seen, Along) else None
    return Along(axis, reach) if reach else Sight.UNKNOWN


def moved(seen: Seen, axis: int, by: Dim, step: int = 1) -> Seen:
    """What is seen where place 0 reads the place `by` of an axis."""
    if isinstance(seen, Along) and seen.axis == axis:
        return resampled(seen, axis, [(by,)], step) if isinstance(by, int) else Sight.UNKNOWN
    if isinstance(seen, Scattered) and axis in seen.axes:
        return Scattered(seen.axes, seen.extent, (seen.form, axis, by, step))
    return seen


def lost(seen: Seen, axis: int) -> Seen:
    """What is seen by what reads an axis in a way that depends on free sizes."""
    return Sight.UNKNOWN if not isinstance(seen, Sight) and axis in axes_of(seen) else seen


def renumbered(seen: Seen, order: Sequence[int]) -> Seen:
    """What is seen where the axes of a value have other numbers: axis i was axis `order[i]`."""
    if isinstance(seen, Along):
        return Along(order.index(seen.axis), seen.reach)
    if isinstance(seen, Scattered):
        return Scattered(frozenset(map(order.index, seen.axes)), seen.extent, (seen.form, *order))
    return seen


def joined(seen: Iterable[Seen]) -> Seen:
    """What is seen by what takes several values at one place."""
    nothing: Seen = Sight.NOTHING
    return reduce(_pair, seen, nothing)


def _pair(a: Seen, b: Seen) -> Seen:
    if Sight.NOTHING in (a, b):
        return b if a is Sight.NOTHING else a
    if Sight.ALL in (a, b) or (isinstance(a, Along) and isinstance(b, Along) and a.axis != b.axis):
        return Sight.ALL
    if isinstance(a, Along) and isinstance(b, Along):
        reach = union(a.reach, b.reach)
        return Along(a.axis, reach) if reach else Sight.UNKNOWN
    return a if a == b else Sight.UNKNOWN


def reshaped(seen: Seen, x: Shape, y: Shape) -> Seen:
    """What is seen where the same values have another shape.

    An axis is still itself if it and those before it keep their sizes; the others share their places.
    """
    if isinstance(seen, Sight):
        return seen
    before, after = x.dims, y.dims
    same = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    if max(axes_of(seen)) < same:
        return seen
    axes = frozenset(axis for axis in axes_of(seen) if axis < same) | frozenset(range(same, len(after)))
    extent = field_of(seen)
    assert isinstance(extent, int)
    return Scattered(axes, extent, (seen, before, after))


def each_place(op: object, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
    """The rule of ops for which each place of a result sees what the same place of their input sees."""
    return (seen[0],) * len(ys)
