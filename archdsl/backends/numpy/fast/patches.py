"""Convolution as matrix products, row tile by row tile: windows become rows and meet the kernel's elements as columns.

A row tile is as large as the cache of a core holds, so that its windows are still there when they are multiplied, and
its results when they are shifted and activated. Where an image leaves too few rows for each thread, the threads share
the output channels instead.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from archdsl.backends.numpy.fast.activate import ROOMS
from archdsl.backends.numpy.fast.commands import Phase, RowBlock, Task, Work, Workspace, blocks, even, spread
from archdsl.backends.numpy.fast.problem import ConvProblem
from archdsl.backends.numpy.fast.row_tiles import PaddedTile, affine_commands, finish, pixels, windows
from archdsl.backends.numpy.kernels.array import Array

CACHE = 1 << 18
"""Numbers that a core's own cache holds, about: 1 MiB."""
TALL = 192
"""Rows that a product should have: fewer, and moving the kernel costs more than multiplying with it."""
NARROW = 64
"""Rows for each thread below which threads share columns instead, if the kernel is heavy."""
HEAVY = 1 << 18
"""Numbers of a kernel that a thread should not read for a few rows: waiting for each other costs less."""


def row_conv(work: ConvProblem) -> Work:
    """A kernel of one pixel: the image is the matrix, and nothing is copied unless a norm comes first."""
    images, channels, height, width = work.shape
    outputs, workers = work.outputs, work.workers
    weight, bias = _columns(work), _bias(work)
    total = images * height * width
    wide = workers > 1 and total < NARROW * workers and weight.size >= HEAVY
    tall = max(TALL, CACHE // 2 // (outputs + (channels if work.norm else 0)))
    copied = channels if work.norm else 0
    room = ROOMS * outputs if work.epilogue else 0
    size = 0 if wide else min(tall * 2, total) * (copied + room)
    cuts = work.cuts or even(images * height, workers)

    def task(source: Array, rows: slice, columns: slice, y: Array, plus: Array | None, memory: Array) -> Task:
        out = y[rows, columns]
        added = None if plus is None else plus[rows, columns]
        commands: Task = [(np.matmul, (source, weight[:, columns], out))]
        return commands + finish(out, bias[columns], added, work.epilogue, memory)

    def ready(x: Array, rows: slice, memory: Array) -> tuple[Task, Array]:
        if work.norm is None:
            return [], x[rows]
        y = memory[: (rows.stop - rows.start) * channels].reshape(-1, channels)
        return affine_commands(x[rows], y, memory[y.size :], work.norm, work.prologue), y

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        x, to, plus = pixels(xs[0]), pixels(y), pixels(xs[1]) if len(xs) > 1 else None
        everything = slice(0, total)
        phase: Phase = []
        if wide:
            commands, source = ready(x, everything, workspace.shared)
            for worker, cut in enumerate(spread(outputs, workers)):
                phase.append(task(source, everything, slice(*cut), to, plus, workspace.scratch(worker)))
            return [[commands, *([] for _ in range(1, workers))], phase] if work.norm else [phase]
        for worker, (start, stop) in enumerate(pairwise(cut * width for cut in cuts)):
            commands = []
            for row_tile in spread(stop - start, max(1, -(-(stop - start) // tall))):
                rows = slice(start + row_tile[0], start + row_tile[1])
                begun, source = ready(x, rows, workspace.scratch(worker))
                rest = workspace.scratch(worker)[source.size if work.norm else 0 :]
                commands += begun + task(source, rows, slice(0, outputs), to, plus, rest)
            phase.append(commands)
        return [phase]

    if wide:
        return Work(work.result, bind, total * room, total * copied, 2 if work.norm else 1)
    return Work(work.result, bind, size, cuts=cuts, near=(True, True))


def patch_conv(work: ConvProblem) -> Work:
    """Any other kernel: every window is copied into a row, with a 1 behind it that meets the bias."""
    images, channels, height, width = work.shape
    outputs, workers, window = work.outputs, work.workers, work.window
    high, wide = window.places
    depth = prod(window.kernel) * channels
    weight = _columns_and_bias(work)
    is_padded = work.norm is not None or any(window.padding)
    total = images * high * wide
    shared = workers > 1 and total < NARROW * workers and weight.size >= HEAVY
    limit = max(TALL, CACHE // depth) // wide
    cuts = even(images * high, workers)
    parts = blocks(high, high * images if shared else limit, cuts)
    shape = (images, height, width, channels)
    padded_sizes = max(PaddedTile(block, window, shape).size if is_padded else 0 for part in parts for block in part)
    most = max(block.count(wide) for part in parts for block in part)
    room = ROOMS * (total if shared else most) * outputs if work.epilogue else 0

    def gather(x: Array, block: RowBlock, memory: Array, rows: Array) -> Task:
        """The windows of a block into rows."""
        commands: Task = []
        if is_padded:
            commands, padded = PaddedTile(block, window, shape).fill(x, memory, work.norm, work.prologue)
        else:
            padded = x[block.images, block.top * window.stride[0] :]
        seen = windows(padded, window, block.bottom - block.top)
        target = as_strided(rows, seen.shape, (*_outer(seen.shape, rows.strides[0]), *_inner(seen.shape)))
        return [*commands, (np.copyto, (target, seen)), (np.copyto, (rows[:, depth], 1))]

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        to, plus = pixels(y), pixels(xs[1]) if len(xs) > 1 else None
        phases: list[Phase] = [[], []] if shared else [[]]
        rows = workspace.shared.reshape(-1, depth + 1)
        for worker, part in enumerate(parts):
            commands: Task = []
            for block in part:
                place = block.places(high, wide)
                memory = workspace.scratch(worker)
                if shared:
                    commands += gather(xs[0], block, memory, rows[place])
                    continue
                mine = memory[: block.count(wide) * (depth + 1)].reshape(-1, depth + 1)
                commands += gather(xs[0], block, memory[mine.size :], mine)
                commands.append((np.matmul, (mine, weight, to[place])))
                commands += finish(
                    to[place], None, None if plus is None else plus[place], work.epilogue, memory[mine.size :]
                )
            phases[0].append(commands)
        for worker, (start, stop) in enumerate(spread(outputs, workers) if shared else ()):
            out, added = to[:, start:stop], None if plus is None else plus[:, start:stop]
            done = finish(out, None, added, work.epilogue, workspace.scratch(worker))
            phases[1].append([(np.matmul, (rows, weight[:, start:stop], out)), *done])
        return phases

    if shared:
        return Work(work.result, bind, max(padded_sizes, room), total * (depth + 1), 2)
    return Work(work.result, bind, most * (depth + 1) + max(padded_sizes, room), cuts=cuts, near=(False, True))


def plane_conv(work: ConvProblem) -> Work:
    """Few channels, as an image has: windows become columns, since rows of an image are long and its pixels are not."""
    images, channels, height, width = work.shape
    window, outputs = work.window, work.outputs
    (kh, kw), (sy, sx), _, (dy, dx), (high, wide) = window
    depth = kh * kw * channels
    weight = work.pack("planes", (depth + 1, outputs), lambda to: _fill(to, work, (3, 2, 1, 0)))
    shape = (images, height, width, channels)
    cuts = even(images * high, work.workers)
    # a block is a part of one image, since columns of two images don't follow each other
    parts = blocks(high, min(high, CACHE // 2 // ((depth + 1) * wide)), cuts)
    most = max(block.count(wide) for part in parts for block in part)
    padded_sizes = [PaddedTile(block, window, shape) for part in parts for block in part]
    across = max(-(-padded.shape[2] // sx) for padded in padded_sizes)
    planes = max(padded.shape[1] for padded in padded_sizes) * across * channels * sx
    size = most * (depth + 1) + max(planes, ROOMS * most * outputs if work.epilogue else 0)

    def commands_of(block: RowBlock, x: Array, to: Array, plus: Array | None, memory: Array) -> Task:
        padded = PaddedTile(block, window, shape)
        count, rows = block.count(wide), block.bottom - block.top
        columns, memory = memory[: count * (depth + 1)].reshape(depth + 1, count), memory[count * (depth + 1) :]
        plane = memory[: sx * channels * padded.shape[1] * across].reshape(sx, channels, padded.shape[1], across)
        commands: Task = [(np.copyto, (plane, 0))] if any(window.padding) else []
        source = x[block.start, padded.rows, padded.columns].transpose(2, 0, 1)
        for phase in range(sx):
            skip = (phase - padded.inner_columns.start) % sx
            taken = source[:, :, skip::sx]
            start = (padded.inner_columns.start + skip) // sx
            if taken.size:
                commands.append(
                    (np.copyto, (plane[phase, :, padded.inner_rows, start : start + taken.shape[2]], taken))
                )
        taps = columns[:depth].reshape(kw, kh, channels, rows, wide)
        _, by_channel, by_row, by_column = plane.strides
        for k in range(kw):
            phase, skip = k * dx % sx, k * dx // sx
            seen = as_strided(
                plane[phase, :, :, skip:],
                (kh, channels, rows, wide),
                (dy * by_row, by_channel, sy * by_row, by_column),
            )
            commands.append((np.copyto, (taps[k], seen)))
        place = block.places(high, wide)
        commands += [(np.copyto, (columns[depth], 1)), (np.matmul, (columns.T, weight, to[place]))]
        return commands + finish(to[place], None, None if plus is None else plus[place], work.epilogue, memory)

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        to, plus = pixels(y), pixels(xs[1]) if len(xs) > 1 else None
        return [
            [
                [
                    command
                    for block in part
                    for command in commands_of(block, xs[0], to, plus, workspace.scratch(worker))
                ]
                for worker, part in enumerate(parts)
            ]
        ]

    return Work(work.result, bind, size, cuts=cuts, near=(False, True))


def _outer(shape: tuple[int, ...], pixel: int) -> tuple[int, int, int]:
    _, rows, columns = shape[:3]
    return rows * columns * pixel, columns * pixel, pixel


def _inner(shape: tuple[int, ...]) -> tuple[int, int, int]:
    _, columns, channels = shape[3:]
    return 4 * columns * channels, 4 * channels, 4


def _columns(work: ConvProblem) -> Array:
    """The kernel of one pixel as [C, O]."""

    def fill(to: Array) -> None:
        to[...] = work.folded()[0].reshape(to.shape[::-1]).T

    return work.pack("columns", (work.shape[1], work.outputs), fill)


def _bias(work: ConvProblem) -> Array:
    def fill(to: Array) -> None:
        to[...] = work.folded()[1]

    return work.pack("bias", (work.outputs,), fill)


def _columns_and_bias(work: ConvProblem) -> Array:
    """The kernel as [rows · columns · C, O], and the bias below it."""
    depth = prod(work.window.kernel) * work.shape[1]
    return work.pack("patches", (depth + 1, work.outputs), lambda to: _fill(to, work, (2, 3, 1, 0)))


def _fill(to: Array, work: ConvProblem, axes: tuple[int, ...]) -> None:
    kernel, bias = work.folded()
    to[:-1] = kernel.transpose(axes).reshape(len(to) - 1, -1)
    to[-1] = bias
