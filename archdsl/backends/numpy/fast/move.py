"""What moves values without computing: concatenation along the channels, and images as rows of features."""

from __future__ import annotations

from math import prod

import numpy as np

from archdsl.backends.numpy.fast.commands import Phase, Task, Work, Workspace, spread
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.kernels.array import Array


def concat_into(net: Trace, *xs: Buffer) -> Work:
    """Images or rows of features, joined along their channels; what was written in its place already stays there."""
    first = xs[0].shape
    widths = [x.shape[1] for x in xs]

    def bind(workspace: Workspace, given: list[Array], y: Array) -> list[Phase]:
        phase: Phase = [[] for _ in range(workspace.workers)]
        start = 0
        for x, width in zip(given, widths, strict=True):
            to = y[..., start : start + width]
            start += width
            if x.ctypes.data == to.ctypes.data and x.strides == to.strides:
                continue
            axis = 1 if x.ndim == 4 else 0
            for task, (low, high) in zip(phase, spread(x.shape[axis], workspace.workers), strict=True):
                cut = (slice(None),) * axis + (slice(low, high),)
                task.append((np.copyto, (to[cut], x[cut])))
        return [phase] if any(phase) else []

    return Work((first[0], sum(widths), *first[2:]), bind, joined=True)


def flatten_into(net: Trace, x: Buffer) -> Work:
    """Images as rows of features, channel by channel."""
    images, channels, height, width = x.images

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        to = y.reshape(images, channels, height, width)
        assert np.shares_memory(to, y) or not y.size, "rows of features lie one behind the other"
        task: Task = [(np.copyto, (to, xs[0].transpose(0, 3, 1, 2)))]
        return [[task, *([] for _ in range(1, workspace.workers))]]

    return Work((images, prod(x.shape[1:])), bind, same=height * width == 1)
