"""What the docstring of an emitted class says: the spec's own words, or else its shapes, `[N, 1, 8] -> [N, 10]`."""

from __future__ import annotations

from archdsl.backends.torch.constructor import Made
from archdsl.sizes.dim import Dim
from archdsl.sizes.shape import Shape


def description(made: Made) -> str:
    """What the docstring of a class says."""
    return made.family.first.doc.strip() or shapes(made)


def shapes(made: Made) -> str:
    """The shapes of a class's inputs and outputs; sizes that vary are parameters where they follow one."""
    graphs = made.family.graphs
    inputs = [_shape(made, [graph.inputs[i].shape for graph in graphs]) for i in range(len(made.family.first.inputs))]
    outputs = [
        _shape(made, [graph.outputs[i].shape for graph in graphs]) for i in range(len(made.family.first.outputs))
    ]
    return f"{', '.join(inputs)} -> {', '.join(outputs)}"


def _shape(made: Made, instances: list[Shape]) -> str:
    if len({shape.rank for shape in instances}) > 1:
        return "[…]"
    sizes = [_size(made, [shape.dims[axis] for shape in instances]) for axis in range(instances[0].rank)]
    kept = [size for axis, size in enumerate(sizes) if size != "…" or axis == 0 or sizes[axis - 1] != "…"]
    return f"[{', '.join(kept)}]"


def _size(made: Made, sizes: list[Dim]) -> str:
    if len(set(sizes)) == 1:
        return str(sizes[0])
    return next((p.name for p in made.parameters if list(p.values) == sizes), "…")
