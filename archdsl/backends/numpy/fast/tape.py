"""What a network does, written down before it runs: a tape of calls whose arguments are all known.

A fast kernel computes nothing itself. It is given the arrays that it will read and write, and leaves orders, each a
function and its arguments, such as `(np.add, (x, bias, y))`. Orders that follow each other in one thread are a task; a
phase has a task for each thread, and ends when all of them have.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from archdsl.backends.numpy.kernels.array import Array

Order: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]
Task: TypeAlias = list[Order]
Phase: TypeAlias = list[Task]


class Bench(NamedTuple):
    """What a kernel works with: how many threads there are, and memory that each may use until the step is over."""

    workers: int
    memory: Array

    def scratch(self, worker: int) -> Array:
        """The memory of one thread, as one row of numbers."""
        size = len(self.memory) // self.workers
        return self.memory[worker * size : (worker + 1) * size]


class Work(NamedTuple):
    """What a fast kernel says of a step.

    `shape` is that of the result (`others` those of further ones), and `bind` turns the arrays that the step reads, and
    those that it writes, into phases: `bind(bench, xs, y)`. Images come as [N, H, W, C]. `scratch` counts the numbers
    that each thread needs room for. The result may be the input itself in another shape (`same`), or have each input as
    some of its channels (`joined`): then no number has to be moved if memory is laid out so.
    """

    shape: tuple[int, ...]
    bind: Callable[..., list[Phase]]
    scratch: int = 0
    same: bool = False
    joined: bool = False
    others: tuple[tuple[int, ...], ...] = ()


def spread(total: int, parts: int) -> list[tuple[int, int]]:
    """Where each part of a whole starts and stops, the parts as equal as they can be.

    spread(7, 2)      # [(0, 3), (3, 7)]
    """
    cuts = [total * part // parts for part in range(parts + 1)]
    return list(pairwise(cuts))


class Block(NamedTuple):
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


def blocks(images: int, rows: int, limit: int, workers: int) -> list[list[Block]]:
    """For each thread the blocks that it works on: whole images or a part of one, of at most `limit` rows or so."""
    limit = max(1, limit)
    pieces = -(-rows // limit)
    if images < workers or (images % workers and images < 4 * workers):
        pieces = min(rows, -(-pieces // workers) * workers)
    if pieces > 1:
        found = [Block(image, image + 1, *cut) for image in range(images) for cut in spread(rows, pieces)]
    else:
        count = -(-images // max(1, limit // rows))
        count = min(images, -(-count // workers) * workers)
        found = [Block(*cut, 0, rows) for cut in spread(images, count)]
    return [found[start:stop] for start, stop in spread(len(found), workers)]
