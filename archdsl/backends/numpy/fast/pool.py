"""Pooling of images by slices: along the rows, then along the columns, so that a 3×3 window takes 4 steps, not 8."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from archdsl.backends.numpy.fast.activate import larger
from archdsl.backends.numpy.fast.commands import Phase, RowBlock, Task, Work, Workspace, blocks, even
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.kernels.array import Array, Size
from archdsl.backends.numpy.kernels.pool import counted
from archdsl.backends.numpy.kernels.window import Window, fit

STRIP = 1 << 17
"""Numbers that a row tile leaves after its first pass, about: a core's own cache holds them and what they come from."""


def max_pool_into(
    net: Trace,
    x: Buffer,
    *,
    kernel: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil: bool = False,
) -> Work:
    """The largest value of each window of images; padding never wins."""
    window = fit(x.shape[2:], kernel, kernel if stride is None else stride, padding, dilation, ceil)
    return _pool(net.workers, x.images, window, larger, -np.inf, None)


def avg_pool_into(
    net: Trace,
    x: Buffer,
    *,
    kernel: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil: bool = False,
    count_padding: bool = True,
) -> Work:
    """The mean of each window of images."""
    window = fit(x.shape[2:], kernel, kernel if stride is None else stride, padding, ceil=ceil)
    share = (1 / counted(x.shape[2:], window, count_padding)).astype(np.float32)
    return _pool(net.workers, x.images, window, np.add, 0.0, np.broadcast_to(share, window.places)[:, :, None])


def mean_into(net: Trace, x: Buffer) -> Work:
    """The mean of each channel of images, as a product with a row of 1 / (H · W)."""
    images, channels, height, width = x.images
    share = np.full((1, height * width), 1 / (height * width), np.float32)

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        task: Task = [(np.mean, (xs[0], (1, 2), None, y.reshape(images, channels)))]
        if not x.given:
            task = [
                (np.matmul, (share, xs[0].reshape(images, height * width, channels), y.reshape(images, 1, channels)))
            ]
        return [[task, *([] for _ in range(1, workspace.workers))]]

    return Work((images, channels, 1, 1), bind)


def _pool(
    workers: int, shape: tuple[int, ...], window: Window, join: Callable[..., Any], none: float, share: Array | None
) -> Work:
    """Join the numbers of each window, and take their share."""
    images, channels, height, width = shape
    high, wide = window.places
    cuts = even(images * high, workers)
    parts = blocks(high, STRIP // (wide * channels * window.stride[0]), cuts)
    strips = [_strip(block, window, height) for part in parts for block in part]
    size = max((stop - start) * images_ for start, stop, images_ in strips) * wide * channels

    def commands_of(block: RowBlock, x: Array, y: Array, memory: Array) -> Task:
        start, stop, count = _strip(block, window, height)
        source, to = x[block.images, start:stop], y[block.images, block.rows]
        strip = memory[: count * (stop - start) * wide * channels].reshape(count, stop - start, wide, channels)
        commands = _slide(source.swapaxes(0, 2), strip.swapaxes(0, 2), window, 1, 0, width, 0, join, none)
        first = block.top
        commands += _slide(strip.swapaxes(0, 1), to.swapaxes(0, 1), window, 0, first, height, start, join, none)
        if share is not None:
            same = share.min() == share.max()
            commands.append((np.multiply, (to, share.flat[0] if same else share[block.rows], to)))
        return commands

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        return [
            [
                [command for block in part for command in commands_of(block, xs[0], y, workspace.scratch(worker))]
                for worker, part in enumerate(parts)
            ]
        ]

    return Work((images, channels, *window.places), bind, size, cuts=cuts)


def _strip(block: RowBlock, window: Window, height: int) -> tuple[int, int, int]:
    """The rows of the input that a block sees, and its images."""
    k, s, p, d = (of[0] for of in window[:4])
    start = min(max(block.top * s - p, 0), height)
    stop = max(start, min((block.bottom - 1) * s - p + d * (k - 1) + 1, height))
    return start, stop, block.stop - block.start


def _slide(
    x: Array,
    y: Array,
    window: Window,
    axis: int,
    first: int,
    size: int,
    skipped: int,
    join: Callable[..., Any],
    none: float,
) -> Task:
    """Join along the first axis of x, which lacks `skipped` positions of `size`: y holds the places from `first` on."""
    k, s, p, d = (of[axis] for of in window[:4])
    places = len(y)
    commands: Task = []
    begun = False
    # the element of the window that meets the input at every place, if there is one, spares filling the result
    offsets = [i * d - p for i in range(k)]
    met = {offset: _met(offset, s, first, places, size) for offset in offsets}
    full = next((offset for offset in offsets if met[offset] == (0, places)), None)
    if full is None:
        commands.append((np.copyto, (y, none)))
    for offset in sorted(offsets, key=lambda offset: offset != full):
        low, high = met[offset]
        if low >= high:
            continue
        start = (first + low) * s + offset - skipped
        seen = x[start : start + (high - low - 1) * s + 1 : s]
        to = y[low:high]
        if offset == full and not begun:
            commands.append((np.copyto, (to, seen)))
            begun = True
        else:
            commands.append((join, (to, seen, to)))
    if begun and len(commands) > 1:  # the first two in one
        (_, (_, a)), (_, (to, b, _)) = commands[0], commands[1]
        if len(to) == places:
            commands[:2] = [(join, (a, b, to))]
    return commands


def _met(offset: int, stride: int, first: int, places: int, size: int) -> tuple[int, int]:
    """The places, counted from `first`, at which an element of the window meets the input."""
    low = max(0, (stride - 1 - offset) // stride - first)
    high = min(places, (size - 1 - offset) // stride + 1 - first)
    return low, max(low, high)
