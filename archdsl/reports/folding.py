"""Rows as people read them: open down to some depth, repeated blocks folded into one row.

`3 × bottleneck(64)` stands for three calls in a row that read the same; a pattern of a block and what joins it is
folded as well: `6 × (dense_layer(32), concat)`. A folded row holds the sums of what it stands for, so that folding
never changes a total. Layers are not folded, but for those of a repetition so long that it comes as one row:
`999999 × relu`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archdsl.analyses.tally import Row, total
from archdsl.graph.nodes import Apply, Call, Repeat
from archdsl.graph.text import call
from archdsl.record import Entity
from archdsl.sizes.dim import Dim

LONGEST = 4
"""Patterns of more rows than this are not looked for."""
WIDEST = 44
"""What a closed group holds is shown if it takes no more characters than this."""


class Signs(NamedTuple):
    """The signs of a table that not every terminal can show."""

    times: str
    until: str
    rule: str


DRAWN = Signs("×", "…", "─")
PLAIN = Signs("x", "..", "-")


class Line(Entity):
    """A line of a table: its level of nesting, what it is called and what it applies, and the rows that it stands for.

    An open block has a line of its own above those of its rows.
    """

    level: int
    name: str
    op: str
    rows: tuple[Row, ...]

    @property
    def last(self) -> Row:
        return self.rows[-1]

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def macs(self) -> Dim:
        return total(row.macs for row in self.rows)

    @property
    def activation_bytes(self) -> Dim:
        return total(row.activation_bytes for row in self.rows)


def lines(rows: Sequence[Row], depth: int, signs: Signs) -> Iterator[Line]:
    """The lines of a table in which blocks are open down to `depth` levels, and those that are closed are folded.

    [line.op for line in lines(layer1.rows, 1, DRAWN)]      # ["3 × bottleneck(64)"]
    """
    yield from _lines(rows, 0, depth, False, signs)


def folded_lines(rows: Sequence[Row], depth: int, signs: Signs) -> Iterator[Line]:
    """The same, with repeated blocks folded at any level: for readers who have not asked to see into them."""
    yield from _lines(rows, 0, depth, True, signs)


def _lines(rows: Sequence[Row], level: int, depth: int, folds: bool, signs: Signs) -> Iterator[Line]:
    """The lines of rows on a level, from which on `depth` are open; `folds` is for runs of blocks that are open."""
    closed = depth <= 1
    for run, count in runs(rows) if closed or folds else (((row,), 1) for row in rows):
        first, last = run[0], run[-1]
        if count > 1:
            pattern = [applied(row, signs.times) for row in run[: len(run) // count]]
            name = f"{first.name} {signs.until} {last.name}"
            yield Line(level, name, _folded(pattern, count, signs.times), tuple(run))
        elif closed or not isinstance(first.node, Call):
            yield Line(level, first.name.replace("..", f" {signs.until} "), applied(first, signs.times), (first,))
        else:
            yield Line(level, first.name, _opened(first), (first,))
            yield from _lines(first.rows, level + 1, depth - 1, folds, signs)


def _opened(row: Row) -> str:
    """What an open block is; a group is only what it holds."""
    return call(row.node) if isinstance(row.node, Call) and row.node.graph.name else ""


def runs(rows: Sequence[Row]) -> Iterator[tuple[Sequence[Row], int]]:
    """Rows cut into stretches, each with how many times its pattern repeats.

    [(len(run), count) for run, count in runs(resnet.rows)]
    """
    start = 0
    for length, count in stretches([_alike(row) for row in rows], [bool(row.rows) for row in rows]):
        yield rows[start : start + length], count
        start += length


def stretches(words: Sequence[object], folds: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Words cut into stretches: the length of each, and how many times its pattern repeats.

    A pattern counts if one of its words `folds`; layers alone do not.

        list(stretches("xababy", [True] * 6))      # [(1, 1), (4, 2), (1, 1)]
    """
    start = 0
    while start < len(words):
        length, count = 1, 1
        for size in range(1, LONGEST + 1):
            times = _repeats(words, start, size)
            if times > 1 and times * size > length * count and any(folds[start : start + size]):
                length, count = size, times
        yield length * count, count
        start += length * count


def _repeats(words: Sequence[object], start: int, size: int) -> int:
    """How often the pattern of some words repeats from its start on."""
    pattern = words[start : start + size]
    count = 1
    while words[start + count * size : start + (count + 1) * size] == pattern:
        count += 1
    return count


def _alike(row: Row) -> tuple[object, ...]:
    """What two rows have in common that read the same: one op or block, with one set of arguments."""
    if isinstance(row.node, Apply):
        return (row.node.op,)
    if isinstance(row.node, Repeat):
        return ("repeat", row.times, *map(_alike, row.rows))
    return (call(row.node), *(() if row.node.graph.name else map(_alike, row.rows)))


def applied(row: Row, times: str) -> str:
    """What a closed row applies: an op's name, a block with its arguments, what a group holds."""
    if isinstance(row.node, Apply):
        return row.op
    if isinstance(row.node, Repeat):
        words = _folded([applied(inner, times) for inner in row.rows], row.times, times)
        return words if len(words) <= WIDEST else f"{row.times} {times} {{ {row.size // row.times} layers }}"
    return call(row.node) if row.node.graph.name else _contents(row, times)


def _contents(row: Row, times: str) -> str:
    """What a group holds, if that is short, or the names of it, or how much it is."""
    stretches = [(run[: len(run) // count], count) for run, count in runs(row.rows)]
    for read in (applied, _named):
        parts = (_folded([read(part, times) for part in run], count, times) for run, count in stretches)
        text = f"{{ {' -> '.join(parts)} }}"
        if len(text) <= WIDEST:
            return text
    return f"{{ {row.size} layers }}"


def _named(row: Row, times: str) -> str:
    return row.op


def _folded(pattern: list[str], count: int, times: str) -> str:
    words = pattern[0] if len(pattern) == 1 else f"({', '.join(pattern)})"
    return f"{count} {times} {words}" if count > 1 else words
