"""What a place along one axis sees of an axis of the input: an interval that moves on as the place does.

Through windows, strides, upsampling and their compositions the intervals repeat: some places further on they are the
same, moved by a whole number of positions. A `Reach` holds one period of them, so it is exact, whatever the sizes. The
ends of the axis play no part: places are counted as if the input went on, padding and all (Araujo, Norris and Sim,
'Computing receptive fields of convolutional neural networks', 2019).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd, lcm
from typing import TypeAlias

from archdsl.record import Record

LONGEST = 4096
"""Periods beyond this are not followed: what is seen then counts as unknown."""

Interval: TypeAlias = "tuple[int, int] | None"
"""The first and the last position that is seen; None for a place that sees nothing."""


class Reach(Record):
    """The intervals of places 0, 1, …; after all of them they repeat, moved on by `advance` positions.

    Reach(((0, 2),), 2)      # places 0, 1, 2 see positions 0 to 2, 2 to 4, 4 to 6
    """

    intervals: tuple[Interval, ...]
    advance: int

    def at(self, place: int) -> Interval:
        """What a place sees."""
        rounds, index = divmod(place, len(self.intervals))
        interval = self.intervals[index]
        return interval and (interval[0] + rounds * self.advance, interval[1] + rounds * self.advance)

    @property
    def extent(self) -> int:
        """How many positions a place sees, from the first to the last: the most of any place."""
        return max((interval[1] - interval[0] + 1 for interval in self.intervals if interval), default=0)


ITSELF = Reach(((0, 0),), 1)
"""What a place of the input sees of the input."""


def through(reach: Reach, places: Sequence[Iterable[int]], step: int) -> Reach | None:
    """What the places of an op's output see, where each reads some places of its input.

    Output place i reads `places[i]`; after all of these the reading repeats, moved on by `step` places of the input.

        through(ITSELF, [(-1, 0, 1)], 2)      # a window of 3 with stride 2 and padding 1
        through(ITSELF, [(0,), (0,)], 1)      # every place twice

    None where the period grows too long to follow.
    """
    rounds = len(reach.intervals) // gcd(len(reach.intervals), step)
    if rounds * len(places) > LONGEST:
        return None
    intervals = tuple(
        _hull(reach.at(place + turn * step) for place in read) for turn in range(rounds) for read in places
    )
    return _shortest(intervals, reach.advance * rounds * step // len(reach.intervals))


def union(a: Reach, b: Reach) -> Reach | None:
    """What places see in two ways; None where they drift apart, or their period is too long to follow."""
    period = lcm(len(a.intervals), len(b.intervals))
    advance = a.advance * (period // len(a.intervals))
    if advance != b.advance * (period // len(b.intervals)) or period > LONGEST:
        return None
    return _shortest(tuple(_hull((a.at(place), b.at(place))) for place in range(period)), advance)


def further(before: Reach, after: Reach, times: int) -> Reach | None:
    """`after` moved on, so many times more, by what lies between it and `before`.

        further(Reach(((0, 0),), 1), Reach(((-1, 1),), 1), 10)      # Reach(((-11, 11),), 1)

    None where not all places have moved by the same.
    """
    if len(before.intervals) != len(after.intervals) or before.advance != after.advance:
        return None
    pairs = [pair for pair in zip(before.intervals, after.intervals, strict=True) if pair != (None, None)]
    moves = {(b[0] - a[0], b[1] - a[1]) if a and b else None for a, b in pairs}
    move = moves.pop() if len(moves) == 1 else None
    if move is None:
        return None
    low, high = (times * by for by in move)
    return Reach(tuple(i and (i[0] + low, i[1] + high) for i in after.intervals), after.advance)


def _hull(intervals: Iterable[Interval]) -> Interval:
    seen = [interval for interval in intervals if interval]
    return (min(low for low, _ in seen), max(high for _, high in seen)) if seen else None


def _shortest(intervals: tuple[Interval, ...], advance: int) -> Reach:
    """The same with its shortest period."""
    count = len(intervals)
    for period in range(1, count // 2 + 1):
        if count % period == 0 and advance % (count // period) == 0:
            shorter = Reach(intervals[:period], advance // (count // period))
            if all(shorter.at(place) == interval for place, interval in enumerate(intervals)):
                return shorter
    return Reach(intervals, advance)
