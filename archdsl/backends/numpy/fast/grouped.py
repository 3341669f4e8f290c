"""Convolution in groups, whose channels don't see each other; and by depth, where each channel is a group."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from archdsl.backends.numpy.fast.activate import ROOMS
from archdsl.backends.numpy.fast.commands import Phase, RowBlock, Task, Work, Workspace, blocks, even
from archdsl.backends.numpy.fast.problem import ConvProblem
from archdsl.backends.numpy.fast.row_tiles import PaddedTile, finish, pixels, windows
from archdsl.backends.numpy.kernels.array import Array

ROW_TILE = 1 << 16
"""Numbers of a row tile, several of which a core's own cache holds."""


def depth_conv(work: ConvProblem) -> Work:
    """One kernel for each channel: the sum over its elements of the image, moved and scaled."""
    images, channels, height, width = work.shape
    window = work.window
    high, wide = window.places
    (kh, kw), *_ = window
    weight = work.pack("depth", (kh * kw, channels), lambda to: _fill_depth(to, work))
    bias = work.pack("bias", (channels,), lambda to: np.copyto(to, work.folded()[1]))
    cuts = even(images * high, work.workers)
    parts = blocks(high, ROW_TILE // (wide * channels), cuts)
    shape = (images, height, width, channels)
    every = [block for part in parts for block in part]
    most = max(block.count(wide) for block in every) * channels
    size = max(PaddedTile(block, window, shape).size for block in every) + ROOMS * most

    def commands_of(block: RowBlock, x: Array, y: Array, plus: Array | None, memory: Array) -> Task:
        commands, padded = PaddedTile(block, window, shape).fill(x, memory, work.norm, work.prologue)
        seen = windows(padded, window, block.bottom - block.top)
        to = y[block.images, block.rows]
        room = memory[padded.size :]
        product = room[: to.size].reshape(to.shape)
        for k, (i, j) in enumerate(np.ndindex(kh, kw)):
            tap = seen[:, :, :, i, j]
            commands.append((np.multiply, (tap, weight[k], product if k else to)))
            commands += [(np.add, (to, product, to))] if k else []
        added = None if plus is None else plus[block.images, block.rows]
        return commands + finish(to, bias, added, work.epilogue, room)

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        plus = xs[1] if len(xs) > 1 else None
        tasks = [[(block, workspace.scratch(worker)) for block in part] for worker, part in enumerate(parts)]
        return [
            [[command for pair in task for command in commands_of(pair[0], xs[0], y, plus, pair[1])] for task in tasks]
        ]

    return Work(work.result, bind, size, cuts=cuts, near=(False, True))


def group_conv(work: ConvProblem) -> Work:
    """A product for each group, over windows that are copied out group by group."""
    images, channels, height, width = work.shape
    window, groups = work.window, work.groups
    high, wide = window.places
    each, outputs = channels // groups, work.outputs // groups
    depth = prod(window.kernel) * each
    weight = work.pack("groups", (groups, depth, outputs), lambda to: _fill_groups(to, work))
    bias = work.pack("bias", (work.outputs,), lambda to: np.copyto(to, work.folded()[1]))
    cuts = even(images * high, work.workers)
    parts = blocks(high, 2 * ROW_TILE // (wide * depth * groups), cuts)
    shape = (images, height, width, channels)
    every = [block for part in parts for block in part]
    most = max(block.count(wide) for block in every)
    room = most * groups * max(depth + outputs, ROOMS * outputs)
    size = max(PaddedTile(block, window, shape).size for block in every) + room

    def commands_of(block: RowBlock, x: Array, to: Array, plus: Array | None, memory: Array) -> Task:
        commands, padded = PaddedTile(block, window, shape).fill(x, memory, work.norm, work.prologue)
        memory = memory[padded.size :]
        rows = block.bottom - block.top
        seen = windows(padded, window, rows)
        by = seen.strides
        grouped = as_strided(seen, (groups, *seen.shape[:5], each), (each * by[5], *by))
        count = block.count(wide)
        patches = memory[: groups * count * depth]
        sums = memory[patches.size : patches.size + groups * count * outputs].reshape(groups, count, outputs)
        place = block.places(high, wide)
        out = to[place]
        commands += [
            (np.copyto, (patches.reshape(grouped.shape), grouped)),
            (np.matmul, (patches.reshape(groups, count, depth), weight, sums)),
            (
                np.add,
                (sums.transpose(1, 0, 2), bias.reshape(groups, outputs), out.reshape(count, groups, outputs)),
            ),
        ]
        return commands + finish(out, None, None if plus is None else plus[place], work.epilogue, memory)

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        to, plus = pixels(y), pixels(xs[1]) if len(xs) > 1 else None
        tasks = [[(block, workspace.scratch(worker)) for block in part] for worker, part in enumerate(parts)]
        return [
            [[command for pair in task for command in commands_of(pair[0], xs[0], to, plus, pair[1])] for task in tasks]
        ]

    return Work(work.result, bind, size, cuts=cuts, near=(False, True))


def _fill_depth(to: Array, work: ConvProblem) -> None:
    to[...] = work.folded()[0].reshape(to.shape[::-1]).T


def _fill_groups(to: Array, work: ConvProblem) -> None:
    """[O, C / groups, rows, columns] as [groups, rows · columns · C / groups, O / groups]."""
    kernel = work.folded()[0]
    groups, depth, outputs = to.shape
    to[...] = (
        kernel.reshape(groups, outputs, *kernel.shape[1:]).transpose(0, 3, 4, 2, 1).reshape(groups, depth, outputs)
    )
