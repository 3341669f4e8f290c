"""Row tiles of images: how they come into scratch memory, with room around them, and what is done before they leave."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided

from archdsl.backends.numpy.fast.activate import Epilogue
from archdsl.backends.numpy.fast.commands import RowBlock, Task
from archdsl.backends.numpy.kernels.array import Array
from archdsl.backends.numpy.kernels.window import Window


def pixels(x: Array) -> Array:
    """Images [N, H, W, C] as a matrix with a row for each pixel, without moving a number."""
    rows, channels = x.shape[0] * x.shape[1] * x.shape[2], x.shape[3]
    return as_strided(x, (rows, channels), (x.strides[2], x.strides[3]))


def lies_in_rows(x: Array) -> bool:
    """Whether the pixels of [N, H, W, C] lie one behind the other, so that they are the rows of a matrix."""
    _, height, width, channels = x.shape
    image, row, pixel, number = x.strides
    dense = (width == 1 or row == width * pixel or height == 1) and (x.shape[0] == 1 or image == height * width * pixel)
    return dense and (channels == 1 or number == x.itemsize) and pixel >= channels * x.itemsize


Affine: TypeAlias = tuple[Array, Array]
"""A scale and a shift for each channel."""


def affine_commands(x: Array, y: Array, room: Array, norm: Affine | None, epilogue: Epilogue | None) -> Task:
    """y = epilogue(x · scale + shift), or a copy."""
    if norm is None:
        return [(np.copyto, (y, x))]
    scale, shift = norm
    return [
        (np.multiply, (x, scale, y)),
        (np.add, (y, shift, y)),
        *(epilogue(y, y, room) if epilogue else ()),
    ]


def finish(y: Array, bias: Array | None, plus: Array | None, epilogue: Epilogue | None, room: Array) -> Task:
    """What is left to do to the numbers of a row tile: y = epilogue(y + bias + plus)."""
    commands: Task = []
    if bias is not None:
        commands.append((np.add, (y, bias, y)))
    if plus is not None:
        commands.append((np.add, (y, plus, y)))
    return [*commands, *(epilogue(y, y, room) if epilogue else ())]


class PaddedTile:
    """The rows of the input that some rows of the output see, with zeros around them where the window hangs over."""

    def __init__(self, block: RowBlock, window: Window, shape: tuple[int, ...]) -> None:
        _, height, width, channels = shape
        (kh, kw), (sy, sx), (py, px), (dy, dx), (_, wide) = window
        first, last = block.top, block.bottom - 1
        top, bottom = first * sy - py, last * sy - py + dy * (kh - 1) + 1
        columns = (wide - 1) * sx + dx * (kw - 1) + 1
        self.block = block
        self.shape = (block.stop - block.start, bottom - top, columns, channels)
        self.size = self.shape[0] * self.shape[1] * columns * channels
        start = min(max(top, 0), height)
        self.rows = slice(start, max(start, min(bottom, height)))
        self.inner_rows = slice(self.rows.start - top, self.rows.stop - top)
        self.columns = slice(0, max(0, min(width, columns - px)))
        self.inner_columns = slice(px, px + self.columns.stop)

    def fill(
        self, x: Array, memory: Array, norm: Affine | None = None, epilogue: Epilogue | None = None
    ) -> tuple[Task, Array]:
        """Commands that bring the rows into memory, scaled, shifted and activated if asked for; and the framed rows."""
        padded = memory[: self.size].reshape(self.shape)
        rows, columns = self.inner_rows, self.inner_columns
        margins = [
            padded[:, : rows.start],
            padded[:, rows.stop :],
            padded[:, rows, : columns.start],
            padded[:, rows, columns.stop :],
        ]
        commands: Task = [(np.copyto, (margin, 0)) for margin in margins if margin.size]
        source, target = x[self.block.images, self.rows, self.columns], padded[:, rows, columns]
        return commands + affine_commands(source, target, memory[self.size :], norm, epilogue), padded


def windows(padded: Array, window: Window, rows: int) -> Array:
    """Every window of framed rows, [N, rows, W, kernel rows, kernel columns, C], without moving a number."""
    images, _, _, channels = padded.shape
    (kh, kw), (sy, sx), _, (dy, dx), (_, wide) = window
    image, row, column, number = padded.strides
    return as_strided(
        padded,
        (images, rows, wide, kh, kw, channels),
        (image, sy * row, sx * column, dy * row, dx * column, number),
    )
