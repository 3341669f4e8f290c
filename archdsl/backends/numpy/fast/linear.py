"""Linear layers: the weights are read as they are, each thread its own rows of them, and in few rows of input.

Some inputs against many weights take as long as the weights take to come from memory, if these are the matrix that a
product walks along: so a few rows of inputs are columns, and what comes out is turned.
"""

from __future__ import annotations

from math import prod

import numpy as np

from archdsl.backends.numpy.fast.activate import ROOMS, Epilogue
from archdsl.backends.numpy.fast.commands import Phase, Task, Work, Workspace, spread
from archdsl.backends.numpy.fast.row_tiles import finish
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.kernels.array import Array

FEW_ROWS = range(2, 33)
"""Rows of input that are better columns."""
FINISHED = 1 << 16
"""Numbers that are activated at a time, so that a core's own cache holds them and their room."""


def linear_into(net: Trace, x: Buffer, *, layer: str, epilogue: Epilogue | None = None) -> Work:
    """y = epilogue(x · weightᵀ + bias) over the last axis."""
    weights = net.weights(layer)
    weight, bias = weights["weight"], weights.get("bias")
    outputs, inputs = weight.shape
    rows = prod(x.shape[:-1])

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        return [product(workspace, xs[0].reshape(rows, inputs), weight, bias, y.reshape(rows, outputs), epilogue)]

    return Work((*x.shape[:-1], outputs), bind, product_room(rows, outputs, epilogue))


def product(
    workspace: Workspace, x: Array, weight: Array, bias: Array | None, to: Array, epilogue: Epilogue | None = None
) -> Phase:
    """Commands for to = epilogue(x · weightᵀ + bias), for each thread its rows or its columns."""
    rows, outputs = to.shape
    by_rows = rows > 4 * outputs
    phase: Phase = []
    for worker, (start, stop) in enumerate(spread(rows if by_rows else outputs, workspace.workers)):
        some = slice(start, stop)
        over, of = (some, slice(None)) if by_rows else (slice(None), some)
        out, added = to[over, of], None if bias is None else bias[of]
        memory = workspace.scratch(worker)
        task: Task = []
        if rows in FEW_ROWS and not by_rows:
            columns = memory[: rows * (stop - start)].reshape(-1, rows)
            memory = memory[columns.size :]
            task += [(np.matmul, (weight[of], x.T, columns)), (np.copyto, (out, columns.T))]
        else:
            task.append((np.matmul, (x[over], weight[of].T, out)))
        for row_tile in spread(len(out), max(1, -(-len(out) // _tall(outputs)))):
            task += finish(out[slice(*row_tile)], added, None, epilogue, memory)
        phase.append(task if start < stop else [])
    return phase


def product_room(rows: int, outputs: int, epilogue: Epilogue | None = None) -> int:
    """The numbers that each thread needs room for in a product."""
    turned = rows * outputs if rows in FEW_ROWS else 0
    return turned + (ROOMS * min(rows, _tall(outputs)) * outputs if epilogue else 0)


def _tall(outputs: int) -> int:
    """The rows of a row tile."""
    return max(1, FINISHED // outputs)
