"""What a network does, written down before it runs: a command list of calls whose arguments are all known.

A fast kernel computes nothing itself. It is given the arrays that it will read and write, and leaves commands, each a
function and its arguments, such as `(np.add, (x, bias, y))`. Commands that follow each other in one thread are a task;
a phase has a task for each thread, and ends when all of them have.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from archdsl.backends.numpy.kernels.array import Array

Command: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]
Task: TypeAlias = list[Command]
Phase: TypeAlias = list[Task]
Cuts: TypeAlias = tuple[int, ...]
"""Where each thread's part of all rows of all images starts, and behind them where the last one stops."""


class Workspace(NamedTuple):
    """What a kernel works with: how many threads there are, memory for each, and for all, till the step is over."""

    workers: int
    own: Array
    shared: Array

    def scratch(self, worker: int) -> Array:
        """The memory of one thread, as one row of numbers."""
        size = len(self.own) // self.workers
        return self.own[worker * size : (worker + 1) * size]


class Work(NamedTuple):
    """What a fast kernel says of a step.

    `shape` is that of the result (`others` those of further ones), and `bind` turns the arrays that the step reads, and
    those that it writes, into so many `phases`: `bind(bench, xs, y)`. Images come as [N, H, W, C]. `scratch` counts the
    numbers that each thread needs room for, `shared` those that all need together.

    Where each thread writes some rows of the result, `cuts` are these parts, and `near` tells of which inputs it reads
    no others: it need not wait for other threads that still write theirs. The result may be the input itself in another
    shape (`same`), or have each input as some of its channels (`joined`): no number moves if memory is laid out so.
    """

    shape: tuple[int, ...]
    bind: Callable[..., list[Phase]]
    scratch: int = 0
    shared: int = 0
    phases: int = 1
    cuts: Cuts | None = None
    near: tuple[bool, ...] = ()
    same: bool = False
    joined: bool = False
    others: tuple[tuple[int, ...], ...] = ()


def spread(total: int, parts: int) -> list[tuple[int, int]]:
    """Where each part of a whole starts and stops, the parts as equal as they can be.

    spread(7, 2)      # [(0, 3), (3, 7)]
    """
    return list(pairwise(even(total, parts)))


def even(total: int, parts: int) -> Cuts:
    """The cuts between equal parts.

    even(7, 2)      # (0, 3, 7)
    """
    return tuple(total * part // parts for part in range(parts + 1))


class RowBlock(NamedTuple):
    """Images from `start` to `stop`, and of each its rows from `top` to `bottom`."""

    start: int
    stop: int
    top: int
    bottom: int

    @property
    def images(self) -> slice:
        """The images, to index with."""
        return slice(self.start, self.stop)

    @property
    def rows(self) -> slice:
        """The rows, to index with."""
        return slice(self.top, self.bottom)

    def count(self, across: int) -> int:
        """Its places, so many across."""
        return (self.stop - self.start) * (self.bottom - self.top) * across

    def places(self, down: int, across: int) -> slice:
        """Its places among those of all images, so many down and across each."""
        first = (self.start * down + self.top) * across
        return slice(first, first + self.count(across))


def blocks(rows: int, limit: int, cuts: Cuts) -> list[list[RowBlock]]:
    """Each thread's part of images of so many rows, in blocks: whole images or a part of one, of `limit` rows or so.

    blocks(4, 8, (0, 6, 16))      # [[Block(0, 1, 0, 4), Block(1, 2, 0, 2)], [Block(1, 2, 2, 4), Block(2, 4, 0, 4)]]
    """
    limit = max(1, limit)
    parts = []
    for start, stop in pairwise(cuts):
        found: list[RowBlock] = []
        while start < stop:
            image, top = divmod(start, rows)
            whole = min(stop - start, limit) // rows if top == 0 else 0
            bottom = min(rows, top + stop - start)
            if whole:
                found.append(RowBlock(image, image + whole, 0, rows))
            else:
                row_tiles = spread(bottom - top, -(-(bottom - top) // limit))
                found += [RowBlock(image, image + 1, top + first, top + last) for first, last in row_tiles]
            start += whole * rows or bottom - top
        parts.append(found)
    return parts
