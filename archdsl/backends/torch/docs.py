"""Docstrings and comments of an emitted file, safe for whatever a spec says.

The spec's own words come first; a class without any says its shapes: `[N, 1, 28, 28] -> [N, 10]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import dedent, wrap

from archdsl.backends.torch.constructor import Made
from archdsl.backends.torch.layout import WIDTH
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


def docstring(text: str, indent: int) -> Iterator[str]:
    """The lines of a docstring, quotes included."""
    margin = " " * indent
    rows = [piece for row in _safe(text).splitlines() for piece in _wrapped(row, indent)]
    if not rows:
        return
    if len(rows) == 1 and indent + 6 + len(rows[0]) <= WIDTH:
        yield f'{margin}"""{_closed(rows[0])}"""'
        return
    yield f'{margin}"""{rows[0]}'
    yield from (f"{margin}{row}".rstrip() for row in rows[1:])
    yield f'{margin}"""'


def _closed(row: str) -> str:
    """A last row whose quote does not run into the closing ones."""
    return f'{row[:-1]}\\"' if row.endswith('"') else row


def _safe(text: str) -> str:
    """The text with everything escaped that could end the docstring or does not print."""
    plain = dedent(text.expandtabs(4)).strip()
    shown = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in plain.replace("\\", "\\\\"))
    return shown.replace('"""', '\\"\\"\\"')


def _wrapped(row: str, indent: int) -> list[str]:
    room = WIDTH - indent - 3
    if len(row) <= room:
        return [row.rstrip()]
    lead = " " * (len(row) - len(row.lstrip()))
    return wrap(row.strip(), room, initial_indent=lead, subsequent_indent=lead, break_long_words=False) or [""]


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
