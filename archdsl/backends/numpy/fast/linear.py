"""Linear layers: the weights are read as they are, each thread its own rows of them, and in few rows of input.

Some inputs against many weights take as long as the weights take to come from memory, if these are the matrix that a
product walks along: so a few rows of inputs are columns, and what comes out is turned.
"""

from __future__ import annotations

from math import prod

import numpy as np

from archdsl.backends.numpy.fast.activate import Then
from archdsl.backends.numpy.fast.band import finish
from archdsl.backends.numpy.fast.schedule import Spot, Trace
from archdsl.backends.numpy.fast.tape import Bench, Phase, Task, Work, spread
from archdsl.backends.numpy.kernels.array import Array

FEW_ROWS = range(2, 33)
"""Rows of input that are better columns."""


def linear_into(net: Trace, x: Spot, *, layer: str, then: Then | None = None) -> Work:
    """y = then(x · weightᵀ + bias) over the last axis."""
    weights = net.weights(layer)
    weight, bias = weights["weight"], weights.get("bias")
    outputs, inputs = weight.shape
    rows = prod(x.shape[:-1])
    by_rows = rows > 4 * outputs
    turned = rows in FEW_ROWS and not by_rows

    def bind(bench: Bench, xs: list[Array], y: Array) -> list[Phase]:
        source, to = xs[0].reshape(rows, inputs), y.reshape(rows, outputs)
        phase: Phase = []
        for worker, (start, stop) in enumerate(spread(rows if by_rows else outputs, bench.workers)):
            some = slice(start, stop)
            over, of = (some, slice(None)) if by_rows else (slice(None), some)
            out = to[over, of]
            memory = bench.scratch(worker)
            task: Task = []
            if turned:
                columns = memory[: rows * (stop - start)].reshape(-1, rows)
                memory = memory[columns.size :]
                task += [(np.matmul, (weight[of], source.T, columns)), (np.copyto, (out, columns.T))]
            else:
                task.append((np.matmul, (source[over], weight[of].T, out)))
            task += finish(out, None if bias is None else bias[of], None, then, memory)
            phase.append(task if start < stop else [])
        return [phase]

    return Work((*x.shape[:-1], outputs), bind, rows * outputs * ((then is not None) + turned))
