"""Linear layers: the weights are read as they are, each thread its own rows of them."""

from __future__ import annotations

from math import prod

import numpy as np

from archdsl.backends.numpy.fast.activate import Then
from archdsl.backends.numpy.fast.band import finish
from archdsl.backends.numpy.fast.schedule import Spot, Trace
from archdsl.backends.numpy.fast.tape import Bench, Phase, Work, spread
from archdsl.backends.numpy.kernels.array import Array


def linear_into(net: Trace, x: Spot, *, layer: str, then: Then | None = None) -> Work:
    """y = then(x · weightᵀ + bias) over the last axis."""
    weights = net.weights(layer)
    weight, bias = weights["weight"], weights.get("bias")
    outputs, inputs = weight.shape
    rows = prod(x.shape[:-1])
    by_rows = rows > 4 * outputs

    def bind(bench: Bench, xs: list[Array], y: Array) -> list[Phase]:
        source, to = xs[0].reshape(rows, inputs), y.reshape(rows, outputs)
        phase: Phase = []
        for worker, (start, stop) in enumerate(spread(rows if by_rows else outputs, bench.workers)):
            some = slice(start, stop)
            over, of = (some, slice(None)) if by_rows else (slice(None), some)
            out = to[over, of]
            orders = finish(out, None if bias is None else bias[of], None, then, bench.scratch(worker))
            phase.append([(np.matmul, (source[over], weight[of].T, out)), *orders] if start < stop else [])
        return [phase]

    return Work((*x.shape[:-1], outputs), bind, rows * outputs if then else 0)
