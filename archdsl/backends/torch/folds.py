"""Repetition in bodies, so that a body of six passes and one of twelve become one class that is told how many.

A `Loop` is a body that is nothing but passes, one named layer in each:

    for layer in self.values():
        x = torch.cat([x, layer(x)], dim=1)

A `Run` is a stretch of a chain that may repeat: `*[layer for _ in range(2) for layer in (nn.Conv2d(…), nn.ReLU())]`.
What counts as equal is for the caller to say: `contents` tell of each node everything but its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from archdsl.graph.nodes import Apply, Call, Graph, Value

FEWEST_IN_A_LOOP = 3
LONGEST_PERIOD = 4
NUMBERED = re.compile(r"([^\W\d]*)(\d+)([^\W\d]*)")

Interval = tuple[int, int]


@dataclass(frozen=True)
class Numbering:
    """Keys that count: `denselayer1`, `denselayer2`, … Of a single key, `step` is 0: any would do."""

    before: str
    start: int
    step: int
    after: str

    @property
    def text(self) -> str:
        """The f-string of the key in pass `i`: `f"denselayer{i + 1}"`."""
        number = "i" if self.step == 1 else f"{self.step} * i"
        return f'f"{self.before}{{{number}{f" + {self.start}" if self.start else ""}}}{self.after}"'


def numbering(keys: Sequence[str]) -> Numbering | None:
    """How keys count, if they do.

    numbering(["layer1", "layer2", "layer3"]).text      # 'f"layer{i + 1}"'
    """
    found = [match for match in map(NUMBERED.fullmatch, keys[:2]) if match]
    if not keys or len(found) < len(keys[:2]):
        return None
    before, after = found[0][1], found[0][3]
    start, step = int(found[0][2]), int(found[-1][2]) - int(found[0][2])
    counted = [f"{before}{start + step * i}{after}" for i in range(len(keys))]
    return Numbering(before, start, step, after) if list(keys) == counted else None


@dataclass(frozen=True)
class Loop:
    """The first pass as a body of its own, the layer of each pass, and how their keys count.

    `wiring` tells where the operands of a pass come from.
    """

    body: Graph
    wiring: Hashable
    layers: tuple[Apply | Call, ...]
    keys: Numbering

    @property
    def pattern(self) -> Hashable:
        """What loops of one class have in common besides what they pass."""
        return self.keys.before, self.keys.start, self.keys.after, self.wiring


def loop(graph: Graph, layers: Sequence[Apply | Call], contents: Sequence[Hashable]) -> Loop | None:
    """The passes of a body, each with one of `layers`; None where it is anything but passes."""
    period, odd = divmod(len(graph.nodes), len(layers) or len(graph.nodes) + 1)
    if odd or not layers or len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return None
    passes = [graph.nodes[start : start + period] for start in range(0, len(graph.nodes), period)]
    if any(layer not in nodes for layer, nodes in zip(layers, passes, strict=True)):
        return None
    carried = Value(graph.inputs[0])
    first = _wiring(passes[0], carried)
    for number, nodes in enumerate(passes):
        known = contents[number * period : (number + 1) * period]
        if first is None or _wiring(nodes, carried) != first or known != contents[:period]:
            return None
        carried = Value(nodes[-1])
    keys = numbering([layer.key or "" for layer in layers])
    if graph.outputs != (carried,) or keys is None:
        return None
    body = Graph("group", "", graph.inputs, passes[0], (Value(passes[0][-1]),))
    return Loop(body, first, tuple(layers), keys)


def _wiring(nodes: Sequence[Apply | Call], carried: Value) -> Hashable:
    """Where the operands of a pass come from: the pass itself, or what the last one left; None for anywhere else."""
    places: dict[Value, Hashable] = {carried: "carried"}
    wiring = []
    for place, node in enumerate(nodes):
        if node.shares is not None or not all(value in places for value in node.inputs):
            return None
        wiring.append(tuple(places[value] for value in node.inputs))
        places.update((Value(node, index), (place, index)) for index in range(len(node.shapes)))
    return tuple(wiring)


@dataclass(frozen=True)
class Run:
    """A stretch of a chain: where it lies when every stretch is written once, and how often it is passed."""

    interval: Interval
    times: int


def runs(contents: Sequence[Hashable]) -> list[Run]:
    """A chain as stretches, each as short and as often repeated as it can be."""
    found, place, written = [], 0, 0
    while place < len(contents):
        period, times = 1, 1
        for period in range(1, LONGEST_PERIOD + 1):
            times = 1
            while _slice(contents, place + times * period, period) == _slice(contents, place, period):
                times += 1
            if times > 1:
                break
        period = period if times > 1 else 1
        found.append(Run((written, written + period), times))
        place += period * times
        written += period
    return found


def _slice(contents: Sequence[Hashable], place: int, length: int) -> Sequence[Hashable]:
    return contents[place : place + length]


def once(contents: Sequence[Hashable], stretches: Iterable[Run]) -> tuple[Hashable, ...]:
    """The chain with every stretch written once: equal for chains that differ in their counts alone."""
    kept: list[Hashable] = []
    place = 0
    for run in stretches:
        period = run.interval[1] - run.interval[0]
        kept += contents[place : place + period]
        place += period * run.times
    return tuple(kept)


def repeated(chains: Iterable[Sequence[Run]]) -> set[Interval] | None:
    """The stretches that some of several chains repeat; None where they overlap, so that no one class has them all."""
    found = {run.interval for chain in chains for run in chain if run.times > 1}
    apart = all(a == b or a[1] <= b[0] or b[1] <= a[0] for a in found for b in found)
    return found if apart else None


def stretches(
    nodes: Sequence[Apply | Call], chain: Sequence[Run], intervals: set[Interval]
) -> list[list[tuple[Apply | Call, ...]]]:
    """The nodes of a chain, stretch by stretch, each as its passes; what no chain repeats stands alone."""
    times = {run.interval: run.times for run in chain}
    starts = {interval[0]: interval for interval in intervals}
    length = chain[-1].interval[1] if chain else 0
    found, place, written = [], 0, 0
    while written < length:
        interval = starts.get(written, (written, written + 1))
        period = interval[1] - interval[0]
        count = times.get(interval, 1)
        found.append([tuple(nodes[place + i * period : place + (i + 1) * period]) for i in range(count)])
        place += period * count
        written += period
    return found
