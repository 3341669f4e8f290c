"""Where values lie in one stretch of memory: two that are never needed at the same time may lie in the same place."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

LINE = 16
"""Numbers in a line of cache: every value starts at one."""


class LiveRange(NamedTuple):
    """How many numbers a value has, and the first and the last step that need it."""

    size: int
    first: int
    last: int


def place(ranges: list[LiveRange]) -> tuple[list[int], int]:
    """Where each value starts, and how much memory all of them take.

    place([Stay(10, 0, 1), Stay(20, 1, 2), Stay(10, 2, 3)])      # ([32, 0, 32], 48)

    The largest come first, each into the smallest gap that holds it among those it shares time with.
    """
    starts = [0] * len(ranges)
    live: defaultdict[int, list[int]] = defaultdict(list)  # what is placed, by each step that needs it
    begun: defaultdict[int, list[int]] = defaultdict(list)  # the same, by the first of them
    total = 0
    for index in sorted(
        filter(lambda index: ranges[index].size, range(len(ranges))), key=lambda index: -ranges[index].size
    ):
        range_ = ranges[index]
        size = -(-range_.size // LINE) * LINE
        met = [
            *live[range_.first],
            *(other for step in range(range_.first + 1, range_.last + 1) for other in begun[step]),
        ]
        starts[index] = _gap(sorted((starts[other], -(-ranges[other].size // LINE) * LINE) for other in met), size)
        begun[range_.first].append(index)
        for step in range(range_.first, range_.last + 1):
            live[step].append(index)
        total = max(total, starts[index] + size)
    return starts, total


def _gap(taken: list[tuple[int, int]], size: int) -> int:
    """The start of the smallest gap between places that are taken, or of what lies behind all of them."""
    best, room = -1, 0
    end = 0
    for start, length in taken:
        gap = start - end
        if gap >= size and (best < 0 or gap < room):
            best, room = end, gap
        end = max(end, start + length)
    return best if best >= 0 else end
