"""A summary as data: JSON, whose form is a contract, and CSV with the same rows."""

from __future__ import annotations

import csv as writer
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

from archdsl.analyses.tally import Row
from archdsl.graph.nodes import Call
from archdsl.graph.text import call
from archdsl.reports.network_costs import NetworkCosts
from archdsl.sizes.dim import Dim
from archdsl.sizes.shape import Shape

COLUMNS = ("name", "op", "call", "output", "parameters", "macs", "activation_bytes", "receptive_field")


def json(summary: NetworkCosts, depth: int | None) -> dict[str, Any]:
    """The contract of `archdsl summary --format json`; sizes that are free are strings."""
    return {
        "version": 1,
        "network": summary.network,
        "inputs": {name: _dims(shape) for name, shape in summary.inputs.items()},
        "outputs": {name: _dims(shape) for name, shape in summary.outputs.items()},
        "parameters": summary.parameters,
        "macs": _dim(summary.macs),
        "activation_bytes": _dim(summary.activation_bytes),
        "layers": [_layer(row) for row in cut(summary.rows, depth)],
    }


def csv(summary: NetworkCosts, depth: int | None) -> str:
    """The rows with a header; shapes and receptive fields as 1x64x56x56."""
    text = StringIO()
    table = writer.DictWriter(text, COLUMNS, lineterminator="\n", extrasaction="ignore")
    table.writeheader()
    for row in cut(summary.rows, depth):
        shapes = (_dims(shape) for shape in row.outputs)
        written = {"output": " ".join(map(_times, shapes)), "receptive_field": _times(row.receptive_field)}
        table.writerow({**_layer(row), **written})
    return text.getvalue()


def cut(rows: Iterable[Row], depth: int | None) -> Iterator[Row]:
    """Layers, and blocks that `depth` levels leave closed; all layers if there is no depth. A long repetition is
    one row."""
    for row in rows:
        if isinstance(row.node, Call) and row.rows and (depth is None or depth > 1):
            yield from cut(row.rows, None if depth is None else depth - 1)
        else:
            yield row


def _layer(row: Row) -> dict[str, Any]:
    output = _dims(row.outputs[0]) if len(row.outputs) == 1 else [_dims(shape) for shape in row.outputs]
    return {
        "name": row.path,
        "op": row.op,
        "output": output,
        "parameters": row.parameters,
        "macs": _dim(row.macs),
        "receptive_field": [_dim(size) for size in row.receptive_field],
        "sees_all": row.sees_all,
        "activation_bytes": _dim(row.activation_bytes),
        "call": call(row.node),
    }


def _dims(shape: Shape) -> list[Any]:
    return [_dim(dim) for dim in shape.dims]


def _dim(dim: Dim | None) -> int | str | None:
    return dim if dim is None or isinstance(dim, int) else str(dim)


def _times(dims: Iterable[Any]) -> str:
    return "x".join("?" if dim is None else str(dim) for dim in dims)
