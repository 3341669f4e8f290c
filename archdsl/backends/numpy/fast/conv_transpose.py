"""Transposed convolution of images: what each pixel spreads is a row of a product, and lands row tile by row tile."""

from __future__ import annotations

from math import prod

import numpy as np

from archdsl.backends.numpy.fast.commands import Phase, RowBlock, Task, Work, Workspace, blocks, even
from archdsl.backends.numpy.fast.row_tiles import lies_in_rows, pixels
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.kernels.array import Array, Size
from archdsl.backends.numpy.kernels.conv_transpose import spread_sizes
from archdsl.backends.numpy.kernels.window import Window, per_axis

SPREAD = 1 << 18
"""Numbers that the pixels of a row tile spread, about: a core's own cache holds them until they have landed."""


def conv_transpose_into(
    net: Trace,
    x: Buffer,
    *,
    layer: str,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
) -> Work:
    """Spread each pixel over a window of the output; windows that overlap add up.

    A thread has some rows of the output, and multiplies all pixels that reach them.
    """
    weights = net.weights(layer)
    channels, outputs, *kernel = weights["weight"].shape
    images, _, height, width = x.images
    s, p, d, added = (per_axis(size, 2) for size in (stride, padding, dilation, output_padding))
    window = Window(tuple(kernel), s, p, d, (height, width))
    high, wide = spread_sizes(window, added)
    taps = prod(kernel)
    weight = net.pack(layer, "spread", (channels, taps * outputs), lambda to: _fill_spread(to, weights["weight"]))
    bias = weights.get("bias")
    apart = window.kernel == s and not any((*p, *added)) and d == (1, 1)
    cuts = even(images * high, net.workers)
    limit = SPREAD // (width * taps * outputs) * s[0]
    parts = blocks(high, min(high, limit), cuts)
    most = max(_reach(block, window)[1] for part in parts for block in part) * width

    def commands_of(block: RowBlock, x: Array, y: Array, memory: Array) -> Task:
        first, rows = _reach(block, window)
        source, to = x[block.start, first : first + rows], y[block.start, block.rows]
        commands: Task = []
        sent = memory[: rows * width * taps * outputs].reshape(rows, width, *kernel, outputs)
        if lies_in_rows(x):
            matrix = pixels(source[None])
        else:
            matrix = memory[sent.size :][: source.size].reshape(-1, channels)
            commands.append((np.copyto, (matrix.reshape(source.shape), source)))
        commands.append((np.matmul, (matrix, weight, sent.reshape(len(matrix), taps * outputs))))
        if not apart:
            commands.append((np.copyto, (to, 0 if bias is None else bias)))
        for i, j in np.ndindex(*kernel):
            down = _landed(i, window, 0, first, first + rows, block.top, block.bottom)
            across = _landed(j, window, 1, 0, width, 0, wide)
            some = sent[down[0]][:, across[0], i, j]
            place = to[down[1]][:, across[1]]
            if apart:
                commands.append((np.copyto, (place, some)) if bias is None else (np.add, (some, bias, place)))
            elif some.size:
                commands.append((np.add, (place, some, place)))
        return commands

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        return [
            [
                [command for block in part for command in commands_of(block, xs[0], y, workspace.scratch(worker))]
                for worker, part in enumerate(parts)
            ]
        ]

    return Work((images, outputs, high, wide), bind, most * (taps * outputs + channels), cuts=cuts)


def _reach(block: RowBlock, window: Window) -> tuple[int, int]:
    """The first row of the input that reaches some rows of the output, and how many there are from it on."""
    k, s, p, d, n = (of[0] for of in window)
    first = min(n, max(0, -(-(block.top + p - d * (k - 1)) // s)))
    last = min(n, max(first, (block.bottom - 1 + p) // s + 1))
    return first, last - first


def _landed(tap: int, window: Window, axis: int, first: int, last: int, top: int, bottom: int) -> tuple[slice, slice]:
    """The places from `first` to before `last` whose tap lands between `top` and `bottom`, and where they land."""
    _, s, p, d, _ = (of[axis] for of in window)
    shift = d * tap - p
    low = max(first, -(-(top - shift) // s))
    high = min(last, (bottom - 1 - shift) // s + 1)
    if low >= high:
        return slice(0, 0), slice(0, 0)
    start = s * low + shift - top
    return slice(low - first, high - first), slice(start, start + s * (high - low - 1) + 1, s)


def _fill_spread(to: Array, weight: Array) -> None:
    """[C, O, rows, columns] as [C, rows · columns · O]."""
    to[...] = weight.transpose(0, 2, 3, 1).reshape(to.shape)
