"""Where to cut a network into stages that take about as long: by their multiply-adds, where little has to be sent.

Takes a graph and shapes for its inputs, returns the names of modules; a stage begins where such a module does.
Knows nothing of how stages are run, but for what every runner needs: a module that is applied several times stays in
one stage, with all its applications.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from archdsl.analyses.given import settled
from archdsl.analyses.ranges import ranges
from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.graph.opened import opened
from archdsl.sizes.dim import Dim, product, substitute, symbols

SLACK = 1.1
"""How much longer than it must be the longest stage may take, for less to be sent."""


USUAL = 256
"""A size to reckon with where none is given: the shares of layers hardly change with it."""


class Layer(NamedTuple):
    """One layer of the flat network: its cost, and the numbers of the values that it takes and leaves."""

    macs: int
    takes: tuple[int, ...]
    leaves: tuple[int, ...]


class Cut(NamedTuple):
    """A place between layers: the module that begins there, the cost before it, and how many numbers cross it."""

    name: str
    before: int
    crossing: int


def cuts(graph: Graph, stages: int, given: Mapping[str, Sequence[int]]) -> list[str]:
    """The names of the modules at which the second and all later stages begin.

        cuts(resnet18, 2, {"image": (8, 3, 224, 224)})      # ["layer3"]

    The longest stage is at most a tenth longer than it must be; within that, as little as possible crosses the cuts.
    `given` are shapes of inputs; without them a batch is one sample, and any other free size `USUAL`, or the nearest
    above that the network accepts. `ValueError` where the network has too few places to cut.
    """
    if stages < 1:
        raise ValueError(f"{stages} stages: at least one is needed")
    graph = opened(graph)
    flat = _Flat(_sizes(graph, given))
    inputs = [flat.value(Value(entry)) for entry in graph.inputs]
    outputs = flat.open(graph, inputs, "", False)
    places = list(_places(flat, outputs))
    total = sum(layer.macs for layer in flat.layers)
    if len(places) < stages - 1:
        raise ValueError(f"{graph.name} can be cut into {len(places) + 1} stages at most, not into {stages}")
    limit = int(SLACK * _least_longest(places, total, stages))
    return [place.name for place in _cheapest(places, total, stages, limit)]


def _sizes(graph: Graph, given: Mapping[str, Sequence[int]]) -> dict[str, Dim]:
    batches = {name for entry in graph.inputs for name in symbols(entry.shape.dims[0])}
    usual: dict[str, Dim] = {}
    for name, found in ranges(graph).items():
        wanted = 1 if name in batches else USUAL
        usual[name] = found.at_least(wanted) if found else wanted
    return {**usual, **settled(graph, given)}


class _Flat:
    """The network with its blocks opened: its layers in order, and where modules begin that are applied once."""

    def __init__(self, sizes: Mapping[str, Dim]) -> None:
        self.sizes = sizes
        self.layers: list[Layer] = []
        self.numbers: list[int] = []
        self.starts: dict[int, str] = {}
        self.together: list[tuple[int, int]] = []

    def value(self, value: Value) -> int:
        """A new number for a value; how many numbers a value holds is known from then on."""
        self.numbers.append(_number(product(value.shape.dims), self.sizes))
        return len(self.numbers) - 1

    def open(self, graph: Graph, inputs: list[int], prefix: str, again: bool) -> list[int]:
        """Add the layers of a body; `again` says that a module around it is applied several times."""
        known = {Value(entry): number for entry, number in zip(graph.inputs, inputs, strict=True)}
        shared = {node.shares for node in graph.nodes if node.shares is not None}
        first: dict[Apply | Call, int] = {}
        for node in graph.nodes:
            owner = node.shares or node
            several = again or node.shares is not None or node in shared
            start = first.setdefault(owner, len(self.layers))
            name = f"{prefix}{node.key}"
            if not several and _owns_weights(node):
                self.starts.setdefault(len(self.layers), name)
            takes = [known[value] for value in node.inputs]
            if isinstance(node, Call):
                leaves = self.open(node.graph, takes, f"{name}.", several)
            else:
                leaves = [self.value(Value(node, index)) for index in range(len(node.shapes))]
                macs = _number(node.op.macs(*(value.shape for value in node.inputs)), self.sizes)
                self.layers.append(Layer(macs, tuple(takes), tuple(leaves)))
            known.update((Value(node, index), number) for index, number in enumerate(leaves))
            if node.shares is not None or node in shared:
                self.together.append((start, len(self.layers)))
        return [known[value] for value in graph.outputs]


def _owns_weights(node: Apply | Call) -> bool:
    """Whether a node is surely a module of its own, under its key: weights have no other place."""
    if isinstance(node, Call):
        return any(map(_owns_weights, node.graph.nodes))
    params = node.op.params(*(value.shape for value in node.inputs))
    return bool(params) and "" not in params


def _number(dim: Dim, sizes: Mapping[str, Dim]) -> int:
    found = substitute(dim, sizes)
    assert isinstance(found, int), f"{dim} has a size that is not known"
    return found


def _places(flat: _Flat, outputs: list[int]) -> Iterator[Cut]:
    """The places for a cut that have work before them and behind them, in order."""
    done = [0, *accumulate(layer.macs for layer in flat.layers)]
    made = {number: place for place, layer in enumerate(flat.layers) for number in layer.leaves}
    used = dict.fromkeys(outputs, len(flat.layers))
    for place, layer in reversed(list(enumerate(flat.layers))):
        for number in layer.takes:
            used.setdefault(number, place)
    for place, name in sorted(flat.starts.items()):
        split = any(start < place < end for start, end in flat.together)
        if 0 < done[place] < done[-1] and not split:
            sent = (n for n, last in used.items() if made.get(n, -1) < place <= last)
            yield Cut(name, done[place], sum(flat.numbers[number] for number in sent))


def _least_longest(places: list[Cut], total: int, stages: int) -> int:
    """The least that the longest of so many stages can cost."""
    low, high = (total - 1) // stages, total
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _fits(places, total, stages, middle) else (middle, high)
    return high


def _fits(places: list[Cut], total: int, stages: int, limit: int) -> bool:
    """Whether stages of at most this cost reach the end, each as long as it may be; cutting more is always possible."""
    begin, last = 0, 0
    for before in (*(place.before for place in places), total):
        if before - begin > limit:
            begin, stages = last, stages - 1
            if before - begin > limit:
                return False
        last = before
    return stages >= 1


def _cheapest(places: list[Cut], total: int, stages: int, limit: int) -> list[Cut]:
    """The cuts that the least has to cross, no stage above the limit; among equals the outer and earlier modules."""
    best: dict[int, tuple[int, int, tuple[int, ...]]] = {-1: (0, 0, ())}
    for left in range(stages - 1, 0, -1):
        step: dict[int, tuple[int, int, tuple[int, ...]]] = {}
        for place in range(len(places) - left + 1):
            before = places[place].before
            reached = [found for at, found in best.items() if at < place and before - _start(places, at) <= limit]
            if reached:
                sent, depth, chosen = min(reached)
                here = places[place]
                step[place] = (sent + here.crossing, depth + here.name.count("."), (*chosen, place))
        best = step
    ends = [found for at, found in best.items() if total - _start(places, at) <= limit]
    return [places[place] for place in min(ends)[-1]]


def _start(places: list[Cut], at: int) -> int:
    """What is done before the stage that begins at a place; the first begins before all of them."""
    return places[at].before if at >= 0 else 0
