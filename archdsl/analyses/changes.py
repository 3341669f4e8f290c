"""What changed from one network to another: layers added, removed, changed, renamed, moved, connected otherwise.

Takes two graphs, returns the changes, and which layer of the first is which of the second. Blocks that are the same are
compared inside. Shapes play no part: they follow from the layers. Without a change, both networks apply the same ops to
the same values.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from archdsl.analyses.pairing import content, label, longest_rising, paired
from archdsl.analyses.tally import MANY, names_of
from archdsl.graph.nodes import Apply, Call, Graph, Node, Repeat, Step, Value
from archdsl.graph.opened import opened
from archdsl.graph.text import call
from archdsl.record import Entity


class Place(Entity):
    """A node with its path, the path of its weights, and the name of the block around it, if it is in one.

    The outputs of a body have a place too, without a node.
    """

    path: str
    key: str
    node: Step | None
    block: str = ""

    def leaves(self) -> list[Place]:
        """The layers in a block, or the layer itself."""
        if not isinstance(self.node, Call):
            return [self]
        return [leaf for inner in _inside(self, self.node.graph).places for leaf in inner.leaves()]


class Change(Entity):
    """One difference; what is added has no place before, what is removed none after.

    What is connected otherwise takes the values of other nodes: `sources` names those before and after.
    """

    kind: Literal["added", "removed", "changed", "renamed", "moved", "connected"]
    before: Place | None
    after: Place | None
    sources: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @property
    def place(self) -> Place:
        """Where it is after the change, or was before it."""
        place = self.after or self.before
        assert place is not None
        return place


class Changes(NamedTuple):
    """All changes, and the layers that are in both networks."""

    changes: tuple[Change, ...]
    matches: tuple[tuple[Place, Place], ...]


def changes(before: Graph, after: Graph) -> Changes:
    """The changes from one network to another, in the order of the second; what is removed stands before them. A long
    repetition is compared as one layer.

    changes(lenet, lenet_relu).changes[0]      # changed: 1, from sigmoid to relu
    """
    found: list[Change] = []
    matches: list[tuple[Place, Place]] = []
    _compare(_Body(opened(before, MANY)), _Body(opened(after, MANY)), found, matches)
    return Changes(tuple(_with_moves(found, matches)), tuple(matches))


class _Body:
    """A body with the places of its nodes."""

    def __init__(self, graph: Graph, path: str = "", key: str = "", block: str = "") -> None:
        self.graph = graph
        self.path = path
        self.block = graph.name if graph.kind == "block" else block
        self.names: dict[Node, str] = {**{entry: entry.name for entry in graph.inputs}, **names_of(graph)}
        self.places = [Place(f"{path}{self.names[n]}", f"{key}{_key(n)}", n, self.block) for n in graph.steps]

    def sources(self, values: Iterable[Value]) -> tuple[str, ...]:
        """The names of the nodes that values come from."""
        return tuple(self.names[value.node] + f"[{value.index}]" * (value.index > 0) for value in values)


def _key(node: Step) -> str:
    return "" if isinstance(node, Repeat) else node.key or ""


def _inside(place: Place, graph: Graph) -> _Body:
    return _Body(graph, f"{place.path}.", f"{place.key}.", place.block)


def _compare(before: _Body, after: _Body, found: list[Change], matches: list[tuple[Place, Place]]) -> None:
    """Collect the changes between two bodies and all that they call."""
    pairs = paired(before.graph.steps, after.graph.steps)
    steady = longest_rising(pairs)
    partner = {b: a for a, b in pairs}
    kept = {a for a, _ in pairs}
    found += (Change("removed", place, None) for index, place in enumerate(before.places) if index not in kept)
    inputs: list[tuple[Node, Node]] = list(zip(before.graph.inputs, after.graph.inputs, strict=False))
    nodes = ((before.graph.steps[a], after.graph.steps[b]) for a, b in steady)
    counterpart = dict([*inputs, *nodes])  # what moved is left out: its neighbours are others by its own fault

    def connected(old: Place, new: Place, takes: Iterable[Value], now: Iterable[Value]) -> Iterator[Change]:
        if _connected_otherwise(takes, now, counterpart):
            yield Change("connected", old, new, (before.sources(takes), after.sources(now)))

    for index, place in enumerate(after.places):
        if index not in partner:
            found.append(Change("added", None, place))
            continue
        old = before.places[partner[index]]
        matches.append((old, place))
        a, b = before.graph.steps[partner[index]], after.graph.steps[index]
        if call(a) != call(b) or _is_shared(a) != _is_shared(b) or len(a.inputs) != len(b.inputs):
            found.append(Change("changed", old, place))
        if (partner[index], index) not in steady:
            found.append(Change("moved", old, place))
        else:
            found += [Change("renamed", old, place)] if label(a) != label(b) else []
            found += connected(old, place, a.inputs, b.inputs)
        if isinstance(a, Call) and isinstance(b, Call):
            _compare(_inside(old, a.graph), _inside(place, b.graph), found, matches)
    old, new = (Place(f"{b.path}{' '.join(b.graph.output_names)}", "", None, b.block) for b in (before, after))
    found += connected(old, new, before.graph.outputs, after.graph.outputs)


def _is_shared(node: Step) -> bool:
    return not isinstance(node, Repeat) and node.shares is not None


def _connected_otherwise(before: Iterable[Value], after: Iterable[Value], counterpart: Mapping[Node, Node]) -> bool:
    """Whether values come from other nodes, although those that they came from, and come from, are in both bodies."""
    present = set(counterpart.values())
    return any(
        a.node in counterpart and b.node in present and (counterpart[a.node] is not b.node or a.index != b.index)
        for a, b in zip(before, after, strict=False)
    )


def _with_moves(found: list[Change], matches: list[tuple[Place, Place]]) -> Iterator[Change]:
    """The changes, where layers that went from one body to another are moved, not removed and added.

    Only layers with weights count, and what stands in a row with them: any two networks have a relu in common.
    """
    leaves = {change: change.place.leaves() for change in found if change.kind in ("added", "removed")}
    gone = [leaf for change in found if change.kind == "removed" for leaf in leaves[change]]
    come = [leaf for change in found if change.kind == "added" for leaf in leaves[change]]
    origin: dict[Place, Place] = {}
    words = [_content(place) for place in gone], [_content(place) for place in come]
    for a, b, size in SequenceMatcher(None, *words, autojunk=False).get_matching_blocks():
        if any(_has_weights(place) for place in gone[a : a + size]):
            origin |= zip(come[b : b + size], gone[a : a + size], strict=True)
    matches += ((old, new) for new, old in origin.items())
    moved = set(origin.values())
    for change in found:
        if change.kind != "removed" or change.place not in moved:
            yield from [change] if change.place not in origin else []
        yield from (Change("moved", origin[leaf], leaf) for leaf in leaves.get(change, ()) if leaf in origin)


def _content(place: Place) -> Hashable:
    assert place.node is not None
    return content(place.node)


def _has_weights(place: Place) -> bool:
    node = place.node
    return isinstance(node, Apply) and bool(node.op.params(*(value.shape for value in node.inputs)))
