"""What changed between two networks, as people and programs read it.

Takes two graphs; holds the changes of layers (`analyses/changes.py`), of figures, of inputs and outputs, and of the
state: which names of weights one network has and the other does not, which have other shapes, and which are probably
others' new names, because their layers are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from archdsl.analyses.changes import Change, Place, changes
from archdsl.analyses.cost import macs_of_one
from archdsl.analyses.state import parameters, state
from archdsl.graph.nodes import Call, Graph
from archdsl.graph.text import arguments, call
from archdsl.record import Entity
from archdsl.sizes.dim import Dim

Shape: TypeAlias = "tuple[int, ...]"
SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": "=", "moved": ">", "connected": "%"}
LONGEST = 12
"""Rows of weights that are shown of each kind."""
WIDEST = 150
"""Expressions that are longer together say less than that they differ."""


class State(Entity):
    """How the names of the weights differ: those of the first network alone, those of the second, those with other
    shapes, and pairs of names that are probably one weight's."""

    missing: dict[str, Shape]
    unexpected: dict[str, Shape]
    reshaped: dict[str, tuple[Shape, Shape]]
    renamed: dict[str, str]

    @property
    def is_same(self) -> bool:
        return not (self.missing or self.unexpected or self.reshaped or self.renamed)


class Difference(Entity):
    """What changed from one network to another.

    difference = archdsl.diff(old, new)
    difference.is_empty      # whether they are the same network
    print(difference)
    """

    names: tuple[str, str]
    changes: tuple[Change, ...]
    figures: dict[str, tuple[str, str]]
    """What differs of parameters, MACs, inputs and outputs, before and after."""
    state: State

    @property
    def is_empty(self) -> bool:
        return not self.changes and not self.figures and self.state.is_same

    def json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`."""
        return {
            "version": 1,
            "before": self.names[0],
            "after": self.names[1],
            "equal": self.is_empty,
            "layers": [_layer(change) for change in self.changes],
            "figures": {name: list(pair) for name, pair in self.figures.items()},
            "state": self.state.values(),
        }

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def difference(names: tuple[str, str], before: Graph, after: Graph) -> Difference:
    """What changed from one graph to another; `names` are what the two are called."""
    found = changes(before, after)
    pairs = {
        "parameters": (f"{parameters(before):,}", f"{parameters(after):,}"),
        "MACs": (_count(macs_of_one(before)), _count(macs_of_one(after))),
        "inputs": (_inputs(before), _inputs(after)),
        "outputs": (_outputs(before), _outputs(after)),
    }
    differing = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return Difference(names, found.changes, differing, _states(before, after, found.matches))


def _count(number: Dim) -> str:
    return f"{number:,}" if isinstance(number, int) else str(number)


def _inputs(graph: Graph) -> str:
    return ", ".join(f"{entry.name} {entry.shape}" for entry in graph.inputs)


def _outputs(graph: Graph) -> str:
    pairs = zip(graph.output_names, graph.outputs, strict=True)
    return ", ".join(f"{name} {value.shape}" for name, value in pairs)


def _states(before: Graph, after: Graph, matches: tuple[tuple[Place, Place], ...]) -> State:
    old, new = ({tensor.name: tensor.shape for tensor in state(graph)} for graph in (before, after))
    keys = {a.key: b.key for a, b in matches if a.key and b.key}
    missing = {name: shape for name, shape in old.items() if name not in new}
    unexpected = {name: shape for name, shape in new.items() if name not in old}
    renamed: dict[str, str] = {}
    for name, shape in old.items():
        layer, rest = _layer_of(name, keys)
        became = keys.get(layer, layer) + rest
        if became != name and new.get(became) == shape:
            renamed[name] = became
    reshaped = {name: (shape, new[name]) for name, shape in old.items() if name in new and new[name] != shape}
    return State(missing, unexpected, reshaped, renamed)


def _layer_of(name: str, keys: dict[str, str]) -> tuple[str, str]:
    """The layer that a tensor belongs to, and the rest of its name: `out_proj.weight` of an attention."""
    layer, rest = name, ""
    while layer not in keys and "." in layer:
        layer, _, last = layer.rpartition(".")
        rest = f".{last}{rest}"
    return layer, rest


# ---- text


def _lines(found: Difference) -> Iterator[str]:
    if found.is_empty:
        yield f"{found.names[0]} and {found.names[1]} are the same"
        return
    yield f"{found.names[0]} -> {found.names[1]}"
    if found.changes:
        yield from ("", "layers")
        yield from _table([_row(group) for group in _alike(found.changes)])
    if found.figures:
        yield from ("", "figures")
        yield from _table([("~", name, _figure(*pair)) for name, pair in found.figures.items()])
    if not found.state.is_same:
        guess = " (> is the same layer under another name, by the look of it)" if found.state.renamed else ""
        yield from ("", f"weights{guess}")
        yield from _table(list(_weights(found.state)))


def _figure(old: str, new: str) -> str:
    """Both figures, and by how much they differ if they are numbers."""
    try:
        gap = int(new.replace(",", "")) - int(old.replace(",", ""))
    except ValueError:
        return f"{old} -> {new}" if len(old) + len(new) <= WIDEST else "differ, depending on free sizes"
    return f"{old} -> {new} ({gap:+,})"


def _table(rows: list[tuple[str, str, str]]) -> Iterator[str]:
    width = max(len(name) for _, name, _ in rows)
    for sign, name, words in rows:
        yield f"  {sign} {name:<{width}}  {words}".rstrip()


def _alike(found: tuple[Change, ...]) -> list[list[Change]]:
    """Changes that read the same at the same place of the same block are one row: a block may have many calls."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in found:
        place = change.place
        inner = place.path.rpartition(".")[2] if place.block else place.path
        groups.setdefault((change.kind, place.block, inner, _words(change)), []).append(change)
    return list(groups.values())


def _row(group: list[Change]) -> tuple[str, str, str]:
    first = group[0]
    many = f"  (in {len(group)} places, the last is {group[-1].place.path})" if group[1:] else ""
    return SIGNS[first.kind], first.place.path, f"{_words(first)}{many}"


def _words(change: Change) -> str:
    return WORDS[change.kind](change)


def _called(place: Place | None) -> str:
    assert place is not None and place.node is not None
    if isinstance(place.node, Call) and not place.node.graph.name:
        return f"{{ {len(place.leaves())} layers }}"
    return call(place.node)


def _changed(change: Change) -> str:
    """The arguments that differ, or both calls where that is not all."""
    before, after = _arguments(change.before), _arguments(change.after)
    old, new = _called(change.before), _called(change.after)
    if old == new:
        return f"{old} takes other values"
    if old.partition("(")[0] != new.partition("(")[0]:
        return f"{old} -> {new}"
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    shown = (f"{name} {before.get(name, 'none')} -> {after.get(name, 'none')}" for name in names)
    return f"{old.partition('(')[0]}: {', '.join(shown)}"


def _arguments(place: Place | None) -> dict[str, str]:
    assert place is not None and place.node is not None
    return arguments(place.node)


def _moved(change: Change) -> str:
    assert change.before is not None
    where = f"was {change.before.path}" if change.before.path != change.place.path else "stands elsewhere"
    return f"{_called(change.after)} {where}"


def _renamed(change: Change) -> str:
    assert change.before is not None
    return f"{_called(change.after)} was {change.before.path}"


def _connected(change: Change) -> str:
    before, after = (", ".join(names) for names in change.sources)
    return f"takes {after}, took {before}"


WORDS = {
    "added": lambda change: _called(change.after),
    "removed": lambda change: _called(change.before),
    "changed": _changed,
    "moved": _moved,
    "renamed": _renamed,
    "connected": _connected,
}


def _weights(found: State) -> Iterator[tuple[str, str, str]]:
    """A row for the weights of one layer; many rows are cut short."""
    news = set(found.renamed.values())
    reshaped = {name: pair for name, pair in found.reshaped.items() if name not in found.renamed and name not in news}
    groups = {
        ">": ((_parent(name), _last(name), f" -> {_parent(new)}") for name, new in found.renamed.items()),
        "~": ((name, f"{list(old)} -> {list(now)}", "") for name, (old, now) in reshaped.items()),
        "-": ((_parent(name), _last(name), "") for name in found.missing if name not in found.renamed),
        "+": ((_parent(name), _last(name), "") for name in found.unexpected if name not in news),
    }
    for sign, entries in groups.items():
        layers: dict[tuple[str, str], list[str]] = {}
        for layer, word, became in entries:
            layers.setdefault((layer, became), []).append(word)
        rows = [(sign, f"{layer}{became}", ", ".join(words)) for (layer, became), words in layers.items()]
        yield from rows[:LONGEST]
        if len(rows) > LONGEST:
            yield sign, "…", f"and {len(rows) - LONGEST} layers more"


def _parent(name: str) -> str:
    return name.rpartition(".")[0] or name


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _layer(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": change.kind}
    for side, place in (("before", change.before), ("after", change.after)):
        if place is not None:
            found[side] = {"name": place.path, **({"call": call(place.node)} if place.node else {})}
    if change.kind == "connected":
        found["sources"] = [list(names) for names in change.sources]
    return found
