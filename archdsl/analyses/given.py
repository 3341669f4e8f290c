"""Numbers for free sizes, from the shapes that somebody wants to put in.

Takes a graph and a shape for some of its inputs, returns the number of every symbol that these settle. A shape that
does not fit its input, or that the network does not accept, is a `ValueError`: a wrong use of the API, not of a spec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from archdsl.analyses.accepted import accepted
from archdsl.graph.nodes import Apply, Graph
from archdsl.sizes.dim import Dim, Expr, substitute, symbol, symbols
from archdsl.sizes.fact import Fact


def settled(graph: Graph, given: Mapping[str, Sequence[int]]) -> dict[str, Dim]:
    """The sizes that symbols stand for when inputs have these shapes.

    settled(resnet, {"image": (1, 3, 224, 224)})      # {"N": 1, "H": 224, "W": 224}
    """
    known = {entry.name: entry for entry in graph.inputs}
    for name in given:
        if name not in known:
            raise ValueError(f"{graph.name} has no input {name}; its inputs are {', '.join(known)}")
    values: dict[str, Dim] = {}
    pairs = [
        (name, dim, size) for name, sizes in given.items() for dim, size in _axes(known[name].shape.dims, name, sizes)
    ]
    for _, dim, size in pairs:
        if isinstance(dim, Expr) and dim == symbol(str(dim)):
            values.setdefault(str(dim), size)
    for name, dim, size in pairs:
        if isinstance(substitute(dim, values), int) and substitute(dim, values) != size:
            raise ValueError(f"{name} is {known[name].shape}, which {tuple(given[name])} does not fit")
    refused = next((claim for claim in _claims(graph) if not _may_hold(claim, values)), None)
    if refused:
        shapes = ", ".join(f"{name}={tuple(sizes)}" for name, sizes in given.items())
        raise ValueError(f"{graph.name} does not accept {shapes}: it needs {' and '.join(accepted(graph))}")
    return values


def _axes(dims: Sequence[Dim], name: str, sizes: Sequence[int]) -> Iterator[tuple[Dim, int]]:
    if len(dims) != len(sizes):
        raise ValueError(f"{name} has {len(dims)} axes, and {tuple(sizes)} has {len(sizes)}")
    if any(isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in sizes):
        raise ValueError(f"{name}: {tuple(sizes)} is no shape: sizes are whole numbers from 1 on")
    return zip(dims, sizes, strict=True)


def _claims(graph: Graph) -> Iterator[Fact]:
    """What must hold of a network's sizes: what it states, what its ops need, and that no value is empty."""
    yield from graph.facts
    yield from _claims_of_layers(graph, set())


def _claims_of_layers(graph: Graph, seen: set[Graph]) -> Iterator[Fact]:
    """What the layers of a body need; bodies that are shared or repeated once."""
    if graph in seen:
        return
    seen.add(graph)
    for step in graph.steps:
        yield from _needs(step) if isinstance(step, Apply) else _claims_of_layers(step.graph, seen)


def _needs(node: Apply) -> Iterator[Fact]:
    yield from node.op.needs(*(value.shape for value in node.inputs))
    for shape in node.shapes:
        yield from (Fact(dim, ">=", 1) for dim in shape.dims if symbols(dim))


def _may_hold(claim: Fact, values: Mapping[str, Dim]) -> bool:
    """Whether a claim holds, as far as sizes are known."""
    left, right = substitute(claim.left, values), substitute(claim.right, values)
    if isinstance(left, Expr) or isinstance(right, Expr):
        return True
    return Fact(left, claim.relation, right).holds({})
