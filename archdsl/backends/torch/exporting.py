"""The free sizes of a network in the words of `torch.export`: a `Dim` for each symbol, shared by all axes that have it.

Takes a graph, returns what `torch.export.export` and `torch.onnx.export` take as `dynamic_shapes`. What a symbol may be
is the business of `archdsl.analyses.ranges`; a size that has no range is left to the exporter (`Dim.AUTO`).
"""

from __future__ import annotations

from typing import Any

from archdsl.analyses.ranges import Range, ranges
from archdsl.graph.nodes import Graph
from archdsl.sizes.dim import Expr, Symbol


def dynamic_shapes(graph: Graph) -> tuple[dict[int, Any], ...]:
    """For each input, its axes of free size.

    dynamic_shapes(resnet18)      # ({0: Dim("N", min=1), 2: Dim("H", min=33), 3: Dim("W", min=33)},)
    """
    sizes = {name: _size(name, found) for name, found in ranges(graph).items()}
    return tuple(
        {axis: _of(dim, sizes) for axis, dim in enumerate(entry.shape.dims) if isinstance(dim, Expr)}
        for entry in graph.inputs
    )


def _size(name: str, found: Range | None) -> Any:
    from torch.export import Dim as Size

    if found is None:
        return Size.AUTO
    if (found.step, found.offset) == (1, 0):
        return Size(name, min=found.least, max=found.most)
    multiple = found.step * Size(f"_{name}", min=found.least, max=found.most)
    return multiple + found.offset if found.offset else multiple


def _of(dim: Expr, sizes: dict[str, Any]) -> Any:
    """The size of an axis: a symbol's, or a multiple of one and a constant; any other is left to the exporter."""
    from torch.export import Dim as Size

    factors = {atoms: factor for atoms, factor in dim.terms if atoms}
    atoms, factor = next(iter(factors.items()))
    simple = len(factors) == 1 and len(atoms) == 1 and isinstance(atoms[0], Symbol)
    base = sizes[str(atoms[0])] if simple else Size.AUTO
    if base is Size.AUTO:
        return base
    scaled = base if factor == 1 else factor * base
    return scaled + dim.constant if dim.constant else scaled
