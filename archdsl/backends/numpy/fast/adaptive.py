"""Pooling of images to a given size, with the windows of the reference kernel."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.fast.commands import Phase, Task, Work, Workspace
from archdsl.backends.numpy.fast.pool import avg_pool_into, mean_into
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.kernels.adaptive import adaptive_windows
from archdsl.backends.numpy.kernels.array import Array, Size
from archdsl.backends.numpy.kernels.window import per_axis


def adaptive_avg_pool_into(net: Trace, x: Buffer, *, size: Size) -> Work:
    """The mean of each window of images: all alike where the sizes divide, the image itself where they are equal."""
    images, channels, *sizes = x.images
    places = per_axis(size, 2)
    if places == (1, 1):
        return mean_into(net, x)
    if all(n % m == 0 for n, m in zip(sizes, places, strict=True)):
        kernel = tuple(n // m for n, m in zip(sizes, places, strict=True))
        return avg_pool_into(net, x, kernel=kernel)._replace(same=kernel == (1, 1))

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        planes, left = xs[0].transpose(0, 3, 1, 2), y.transpose(0, 3, 1, 2)
        windows = adaptive_windows((sizes[0], sizes[1]), places)
        task: Task = [(np.mean, (planes[window], (2, 3), None, left[place])) for place, window in windows]
        return [[task, *([] for _ in range(1, workspace.workers))]]

    return Work((images, channels, *places), bind)
