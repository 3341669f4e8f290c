"""Convolution with 3×3 kernels by tiles (Winograd): a tile of the output takes fewer products than its windows have.

An m×m tile of the output comes from (m + 2)×(m + 2) numbers of the input. These and the kernel are taken for
polynomials and evaluated at m + 2 points, where the convolution is a product of numbers; over all channels that makes
(m + 2)² products of matrices in place of 9 m² (Lavin and Gray, 'Fast algorithms for convolutional neural networks',
2016; the transforms by Toom and Cook). Going to the points and back is a product with one small
matrix, row tile by row tile.

Error, as a share of the largest output, over random images and kernels of 16 to 512 channels: below 1e-6 for 2×2 tiles,
as direct sums have, and below 5e-6 for 4×4 tiles. The points ±5/8, ±3/2 in place of the usual ±1, ±2 make the latter a
quarter of what it would be (Barabasz and others, 'Error analysis and improving the accuracy of Winograd convolution for
deep neural networks', 2020, on the choice of points).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import as_strided

from archdsl.backends.numpy.fast.activate import ROOMS
from archdsl.backends.numpy.fast.commands import Phase, RowBlock, Task, Work, Workspace, blocks, even, spread
from archdsl.backends.numpy.fast.problem import ConvProblem
from archdsl.backends.numpy.fast.row_tiles import PaddedTile, finish
from archdsl.backends.numpy.kernels.array import Array
from archdsl.backends.numpy.kernels.window import Window

POINTS = {2: (0, 1, -1), 4: (0, Fraction(5, 8), Fraction(-5, 8), Fraction(3, 2), Fraction(-3, 2))}
"""The points for each size of tile, besides infinity."""
FEWEST = 8
"""Channels below which a product is not worth its transforms."""
TILES = 48
"""Tiles for each thread below which threads share the points instead, if the kernel is heavy."""
MASSIVE = 1 << 20
"""Numbers of a kernel at all points that a thread should not read for a few tiles: waiting costs less."""
ROOM = 1 << 20
"""Numbers that a row tile takes up at most, about, if that leaves it tiles enough."""


def tile_of(work: ConvProblem) -> int:
    """The size of tile that costs least, 0 where direct sums do.

    Costs are counted in operations of a product. A product of few rows, a number that is moved in memory, and weights
    that come from beyond the caches cost more than their own operations; the factors are measured ones.
    """
    images, channels, _, _ = work.shape
    outputs = work.outputs
    if channels < FEWEST:
        return 0
    high, wide = work.window.places
    pixels = images * high * wide
    costs = {0: pixels * 9 * channels * (2 * outputs * (1 + 32 / pixels) + 16) + 90 * channels * outputs}
    for m in POINTS:
        side = (m + 2) ** 2
        tiles = images * -(-high // m) * -(-wide // m)
        products = 2 * tiles * side * channels * outputs * (1 + 32 / tiles)
        moved = tiles * (channels * side * (2.5 * side + 16) + outputs * side * (2.5 * m * m + 16))
        costs[m] = products + moved + 10 * side * channels * outputs
    return min(costs, key=lambda m: costs[m])


def tile_conv(work: ConvProblem, m: int) -> Work:
    """A 3×3 convolution of stride 1 by tiles of m×m."""
    images, channels, _, _ = work.shape
    outputs, workers = work.outputs, work.workers
    high, wide = work.window.places
    side = (m + 2) ** 2
    down, across = -(-high // m), -(-wide // m)
    total = images * down * across
    to_points, from_points = _transforms(m)
    weight = work.pack(f"tiles{m}", (side, channels, outputs), lambda to: _fill_tiles(to, work, m))
    bias = work.pack("bias", (outputs,), lambda to: np.copyto(to, work.folded()[1]))
    apart = workers > 1 and total < TILES * workers and weight.size >= MASSIVE
    limit = max(TILES, ROOM // (2 * side * (channels + outputs)))
    cuts = even(images * down, workers)
    parts = blocks(down, down * images if apart else -(-limit // across), cuts)
    # a window over all tiles of a row tile, so that the row tile's frame has whole tiles
    whole = Window((m + 2, m + 2), (m, m), work.window.padding, (1, 1), (down, across))
    shape = (images, work.shape[2], work.shape[3], channels)
    every = [block for part in parts for block in part]
    padded_sizes = max(PaddedTile(block, whole, shape).size for block in every)
    most = total if apart else max(block.count(across) for block in every)
    values, sums = most * side * channels, most * (side + 1) * outputs
    lone = max(block.count(across) for block in every)
    gathered = max(padded_sizes + lone * side * channels, lone * (1 + ROOMS) * m * m * outputs)

    def come(x: Array, block: RowBlock, to: Array, memory: Array) -> Task:
        """The tiles of a block, taken to the points: `to` is [points, tiles · C]."""
        commands, padded = PaddedTile(block, whole, shape).fill(x, memory, work.norm, work.prologue)
        count, rows = block.count(across), block.bottom - block.top
        tiles = memory[padded.size : padded.size + side * count * channels]
        image, row, column, number = padded.strides
        seen = as_strided(
            padded,
            (m + 2, m + 2, padded.shape[0], rows, across, channels),
            (row, column, image, m * row, m * column, number),
        )
        return [
            *commands,
            (np.copyto, (tiles.reshape(seen.shape), seen)),
            (np.matmul, (to_points, tiles.reshape(side, -1), to)),
        ]

    def leave(values: Array, block: RowBlock, y: Array, plus: Array | None, memory: Array) -> Task:
        """The sums at the points, [points + 1, tiles · O], back to the pixels of a block."""
        count, rows = block.count(across), block.bottom - block.top
        back = memory[: m * m * count * outputs].reshape(m * m, -1)
        memory = memory[back.size :]
        commands: Task = [(np.matmul, (from_points, values, back))]
        early = plus is None and work.epilogue is not None
        if early:
            commands += finish(back, None, None, work.epilogue, memory)
        tiles = back.reshape(m, m, -1, rows, across, outputs)
        top = block.top * m
        for i, j in np.ndindex(m, m):
            row_tile = (block.images, slice(top + i, min(high, top + rows * m), m), slice(j, wide, m))
            to = y[row_tile]
            source = tiles[i, j, :, : to.shape[1], : to.shape[2]]
            commands.append((np.copyto, (to, source)) if plus is None else (np.add, (source, plus[row_tile], to)))
        if not early and work.epilogue is not None:
            done = y[block.images, top : min(high, top + rows * m)]
            commands += work.epilogue(done, done, memory)
        return commands

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        plus = xs[1] if len(xs) > 1 else None
        phases: list[Phase] = [[], [], []] if apart else [[]]
        if apart:
            points = workspace.shared[:values].reshape(side, total, channels)
            summed = workspace.shared[values:].reshape(side + 1, total, outputs)
            for worker, part in enumerate(parts):
                mine = workspace.scratch(worker)
                begin, end = spread(side, workers)[worker]
                phases[0].append([])
                phases[1].append([(np.matmul, (points[begin:end], weight[begin:end], summed[begin:end]))])
                phases[2].append([])
                for block in part:
                    place = block.places(down, across)
                    # a block's tiles are some columns of the matrix of all tiles
                    phases[0][-1] += come(xs[0], block, _flat(points[:, place]), mine)
                    some = summed[:, place]
                    phases[2][-1].append((np.copyto, (some[side], bias)))
                    phases[2][-1] += leave(_flat(some), block, y, plus, mine)
            return phases
        for worker, part in enumerate(parts):
            commands: Task = []
            for block in part:
                count = block.count(across)
                memory = workspace.scratch(worker)
                points = memory[: side * count * channels].reshape(side, count, channels)
                memory = memory[points.size :]
                summed = memory[: (side + 1) * count * outputs].reshape(side + 1, count, outputs)
                memory = memory[summed.size :]
                commands += come(xs[0], block, _flat(points), memory)
                commands.append((np.matmul, (points, weight, summed[:side])))
                commands.append((np.copyto, (summed[side], bias)))
                commands += leave(_flat(summed), block, y, plus, memory)
            phases[0].append(commands)
        return phases

    if apart:
        return Work(work.result, bind, gathered, values + sums, 3)
    ends = tuple(cut // down * high + min(high, cut % down * m) for cut in cuts)
    return Work(work.result, bind, values + sums + gathered, cuts=ends, near=(False, True))


def _flat(values: Array) -> Array:
    """[points, tiles, channels] as [points, tiles · channels]; the tiles may be some of more."""
    points, tiles, channels = values.shape
    return as_strided(values, (points, tiles * channels), (values.strides[0], values.itemsize))


@cache
def _cook(m: int) -> tuple[Array, Array, Array]:
    """The matrices for a row of the input, of the kernel and of the sums: [m + 2, m + 2], [m + 2, 3], [m, m + 2].

    Row i of the first is the polynomial with the other points as its roots, scaled so that its largest coefficient is
    about 1; the second evaluates a kernel at the points and undoes the scale.
    """
    points = [Fraction(point) for point in POINTS[m]]
    come = [[*_with_roots(points[:i] + points[i + 1 :]), Fraction(0)] for i in range(m + 1)]
    come.append(_with_roots(points))
    kernel = [[point**k for k in range(3)] for point in points] + [[Fraction(0), Fraction(0), Fraction(1)]]
    for i, point in enumerate(points):
        slope = Fraction(1)
        for other in points[:i] + points[i + 1 :]:
            slope *= point - other
        kernel[i] = [number / slope for number in kernel[i]]
    leave = [[point**k for point in points] + [Fraction(int(k == m - 1))] for k in range(m)]
    matrices = [np.array([[float(number) for number in row] for row in matrix]) for matrix in (come, kernel, leave)]
    scales = 2.0 ** np.round(np.log2(np.abs(matrices[0]).max(1, keepdims=True)))
    return matrices[0] / scales, matrices[1] * scales, matrices[2]


def _with_roots(roots: list[Fraction]) -> list[Fraction]:
    """The coefficients of the polynomial with these roots, the constant first."""
    found = [Fraction(1)]
    for root in roots:
        shifted, scaled = [Fraction(0), *found], [*(-root * number for number in found), Fraction(0)]
        found = [a + b for a, b in zip(shifted, scaled, strict=True)]
    return found


def _transforms(m: int) -> tuple[Array, Array]:
    """The transforms of whole tiles: to the points, and back, where a last column takes the bias over as it is."""
    come, _, leave = _cook(m)
    back = np.kron(leave, leave)
    return np.kron(come, come).astype(np.float32), np.hstack([back, np.ones((m * m, 1))]).astype(np.float32)


def _fill_tiles(to: Array, work: ConvProblem, m: int) -> None:
    """The kernel at the points, some input channels at a time: it is computed in float64."""
    kernel, _ = work.folded()
    take = np.kron(_cook(m)[1], _cook(m)[1])
    for start in range(0, kernel.shape[1], 32):
        some = kernel[:, start : start + 32].transpose(2, 3, 1, 0)
        to[:, start : start + 32] = (take @ some.reshape(9, -1)).reshape(len(take), *some.shape[2:])
