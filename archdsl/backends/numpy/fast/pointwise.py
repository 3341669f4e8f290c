"""What treats each number, or each channel, by itself: norms with fixed averages, activations, sums and products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from archdsl.backends.numpy.fast.activate import Then
from archdsl.backends.numpy.fast.band import affine_orders
from archdsl.backends.numpy.fast.schedule import Spot, Trace
from archdsl.backends.numpy.fast.tape import Bench, Phase, Task, Work, spread
from archdsl.backends.numpy.kernels.array import Array

LITTLE = 1 << 14
"""Numbers for which a second thread is not worth waking."""
STRETCH = 1 << 16
"""Numbers that are worked on at a time, so that a core's own cache still holds them for the next order."""


def norm_into(net: Trace, x: Spot, *, layer: str, eps: float = 1e-5, then: Then | None = None) -> Work:
    """y = then(batch norm of x) by the moving averages, for images and rows of features."""
    norm = net.affine(layer, eps)
    return _apart(net, x.shape, lambda xs, y, room: affine_orders(xs[0], y, room, norm, then))


def each_into(net: Trace, x: Spot, *, then: Then) -> Work:
    """y = then(x)."""
    return _apart(net, x.shape, lambda xs, y, room: then(xs[0], y, room))


def add_into(net: Trace, *xs: Spot, then: Then | None = None) -> Work:
    """y = then(the sum of all); sizes of 1 stretch to those of the others."""
    return _joined(net, xs, np.add, then)


def mul_into(net: Trace, *xs: Spot, then: Then | None = None) -> Work:
    """y = then(the product of all); sizes of 1 stretch to those of the others."""
    return _joined(net, xs, np.multiply, then)


def sub_into(net: Trace, *xs: Spot, then: Then | None = None) -> Work:
    """y = then(a - b); sizes of 1 stretch to those of the other."""
    return _joined(net, xs, np.subtract, then)


def _joined(net: Trace, xs: tuple[Spot, ...], join: Callable[..., Any], then: Then | None) -> Work:
    def orders(given: list[Array], y: Array, room: Array) -> Task:
        before = given[0]
        found: Task = []
        for other in given[1:]:
            found.append((join, (before, other, y)))
            before = y
        if len(given) == 1:
            found.append((np.copyto, (y, before)))
        return found + (then(y, y, room) if then else [])

    return _apart(net, np.broadcast_shapes(*(x.shape for x in xs)), orders)


def _apart(net: Trace, shape: tuple[int, ...], orders: Callable[[list[Array], Array, Array], Task]) -> Work:
    """Give each thread its part of the longest leading axis, a stretch at a time."""
    laid = shape if len(shape) != 4 else (shape[0], shape[2], shape[3], shape[1])
    size = int(np.prod(shape, dtype=np.int64))
    axis = 1 if len(laid) > 2 and laid[1] > laid[0] else 0
    long = laid[axis] if laid else 1

    def bind(bench: Bench, xs: list[Array], y: Array) -> list[Phase]:
        if not laid:
            return [[orders(xs, y, bench.scratch(0)), *([] for _ in range(1, bench.workers))]]
        phase: Phase = []
        parts = bench.workers if size > LITTLE else 1
        for worker, (start, stop) in enumerate(spread(long, parts)):
            task: Task = []
            per = max(1, size // max(1, long))
            for band in spread(stop - start, max(1, (stop - start) * per // STRETCH)):
                cut = (slice(None),) * axis + (slice(start + band[0], start + band[1]),)
                if band[0] < band[1]:
                    given = [x[cut] if x.ndim > axis and x.shape[axis] == long else x for x in xs]
                    task += orders(given, y[cut], bench.scratch(worker))
            phase.append(task)
        return [[*phase, *([] for _ in range(parts, bench.workers))]]

    return Work(shape, bind, min(size, 2 * STRETCH + size // max(1, long)))
