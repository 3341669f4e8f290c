"""What each layer and each block of a network costs: parameters, multiply-adds, memory written, receptive field.

Takes a graph and numbers for some of its symbols, returns a tree of rows that mirrors the blocks. A block's row holds
the sums of its layers', so totals are the same however far a reader opens it. A shared layer's parameters count where
it is applied first. Memory is what a forward pass in training writes: every value that a layer leaves, in float32; a
view writes none, and what an op needs in between does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import prod
from typing import TypeAlias

from archdsl.analyses.receptive_field import Fields, axes_of, receptive_fields
from archdsl.graph.nodes import Apply, Call, Graph, Node, Repeat, step_size
from archdsl.graph.opened import opened
from archdsl.graph.text import last_key
from archdsl.ops.sight import Field, Sight
from archdsl.record import Entity
from archdsl.sizes.dim import Dim, symbols
from archdsl.sizes.fact import Fact
from archdsl.sizes.multiples import shortest
from archdsl.sizes.shape import Shape

BYTES = 4
"""Of a float32, and of the whole numbers that tokens are."""

MANY = 1000
"""Repetitions of more steps than this are not opened: nobody reads so many rows that say the same."""

Sizes: TypeAlias = "Mapping[str, Dim]"


class Row(Entity):
    """A layer, a block with its rows, or a long repetition with those of one pass. `name` is that in its body, `path`
    the whole; joins go by their op's name, repetitions by the first and the last of their layers: `0..1999`.

    `receptive_field` holds a number of positions for each axis of the input (the first one that the layer depends on),
    the axis's size where a place sees all of it, and None where that is not known; it is empty for what sees no input.
    """

    name: str
    path: str
    node: Apply | Call | Repeat
    outputs: tuple[Shape, ...]
    parameters: int
    macs: Dim
    activation_bytes: Dim
    receptive_field: tuple[Dim | None, ...]
    sees_all: bool
    rows: tuple[Row, ...] = ()

    @property
    def op(self) -> str:
        """The op's name, the block's, `group` or `repeat`."""
        if isinstance(self.node, Repeat):
            return "repeat"
        return self.node.op.name if isinstance(self.node, Apply) else self.node.graph.name or "group"

    @property
    def times(self) -> int:
        """How often what its rows hold is run."""
        return self.node.count if isinstance(self.node, Repeat) else 1

    @property
    def size(self) -> int:
        """How many layers it stands for."""
        return self.times * sum(row.size for row in self.rows) if self.rows else step_size(self.node)

    def layers(self) -> Iterator[Row]:
        """The rows of layers, blocks opened; a long repetition is one row."""
        if isinstance(self.node, Call):
            for row in self.rows:
                yield from row.layers()
        else:
            yield self


def tally(graph: Graph, sizes: Sizes) -> tuple[Row, ...]:
    """The rows of a network's body; `sizes` stand in place of symbols, and a batch without a size is one sample.

    sum(row.macs for row in tally(lenet, {}))      # 416520
    """
    graph = opened(graph, MANY)
    sizes = {**one_sample(graph), **sizes}
    seen = [(entry.shape.at(sizes), receptive_fields(graph, entry, sizes)) for entry in graph.inputs]
    return _rows(graph, "", sizes, seen, graph.facts, set())


def one_sample(graph: Graph) -> Sizes:
    """A batch of one, in place of the symbols of the batch."""
    return {name: 1 for entry in graph.inputs for name in sorted(symbols(entry.shape.dims[0]))}


def total(sizes: Iterable[Dim]) -> Dim:
    """All sizes added; 0 for none."""
    result: Dim = 0
    for size in sizes:
        result = result + size
    return result


def _rows(
    graph: Graph,
    prefix: str,
    sizes: Sizes,
    seen: list[tuple[Shape, Fields]],
    facts: tuple[Fact, ...],
    counted: set[str],
) -> tuple[Row, ...]:
    """The rows of a body. `seen` holds each input with the fields of this body in it, `facts` what the network states
    of its sizes, `counted` the names of weights that have been counted."""
    names = names_of(graph)
    rows: list[Row] = []
    for node in graph.steps:
        path = f"{prefix}{names[node]}"
        outputs = tuple(shape.at(sizes) for shape in node.shapes)
        field, sees_all = _field(node, seen)
        if isinstance(node, Call):
            inside = [(shape, fields.inside[node]) for shape, fields in seen]
            below = _rows(node.graph, f"{prefix}{node.key}.", sizes, inside, facts, counted)
            parameters = sum(row.parameters for row in below)
            macs = total(row.macs for row in below)
            written = total(row.activation_bytes for row in below)
        elif isinstance(node, Repeat):
            inside = [(shape, fields.inside[node]) for shape, fields in seen]
            below = _rows(node.graph, prefix, sizes, inside, facts, counted)
            parameters = node.count * sum(row.parameters for row in below)
            macs = node.count * total(row.macs for row in below)
            written = node.count * total(row.activation_bytes for row in below)
        else:
            below = ()
            parameters = _learned(node, prefix, counted)
            macs = shortest(node.op.macs(*(value.shape.at(sizes) for value in node.inputs)), facts)
            elements = 0 if node.op.is_view else total(shape.elements for shape in outputs)
            written = shortest(BYTES * elements, facts)
        rows.append(Row(names[node], path, node, outputs, parameters, macs, written, field, sees_all, below))
    return tuple(rows)


def _learned(node: Apply, prefix: str, counted: set[str]) -> int:
    """How many numbers a layer learns that no layer before it owns."""
    count = 0
    for name, param in node.op.params(*(value.shape for value in node.inputs)).items():
        path = f"{prefix}{node.key}.{name}"
        if param.trainable and path not in counted:
            size = prod(param.shape)
            assert isinstance(size, int), f"{path} has no fixed size"
            count += size
        counted.add(path)
    return count


def names_of(graph: Graph) -> dict[Node, str]:
    """What the nodes of a body are called: their keys; joins have their label or their op's name, made unique."""
    taken = {node.key for node in graph.steps if not isinstance(node, Repeat) and node.key is not None}
    names: dict[Node, str] = {}
    for node in graph.steps:
        if isinstance(node, Repeat):
            names[node] = name_of(node)
            continue
        name = node.key
        if name is None:
            word = node.label or (node.op.name if isinstance(node, Apply) else "group")
            name, count = word, 2
            while name in taken:
                name, count = f"{word}_{count}", count + 1
            taken.add(name)
        names[node] = name
    return names


def name_of(repeat: Repeat) -> str:
    """What a repetition is called: by the keys of its first and its last layer, `0..1999`."""
    return "..".join(_ends(repeat)) or "repeat"


def _ends(repeat: Repeat) -> tuple[str, ...]:
    """The keys of the first layer of the first pass, and of the last one of the last."""
    ends = [_ends(step) if isinstance(step, Repeat) else (step.key,) * 2 for step in repeat.graph.steps]
    keys = [key for pair in ends for key in pair if key is not None]
    return (keys[0], last_key(repeat, keys[-1])) if keys else ()


def _field(node: Node, seen: list[tuple[Shape, Fields]]) -> tuple[tuple[Dim | None, ...], bool]:
    """What a node sees of the first input that it depends on, and whether that is all of it."""
    for shape, fields in seen:
        found = fields.nodes[node]
        if found and not all(field is Sight.NOTHING for field in found):
            sizes = (shape.dims[axis] for axis in axes_of(shape))
            measured = tuple(_measured(field, size) for field, size in zip(found, sizes, strict=True))
            return measured, all(field is Sight.ALL for field in found)
    return (), False


def _measured(field: Field, size: Dim) -> Dim | None:
    if field is Sight.ALL:
        return size
    return None if field is Sight.UNKNOWN else 0 if field is Sight.NOTHING else field
