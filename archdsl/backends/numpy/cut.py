"""Cutting along an axis on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.cut import Chunk, Slice, Split


@lowers(Slice)
def slice_(op: Slice) -> Call:
    return call(kernels.slice_, axis=op.axis, start=op.start, stop=op.stop, step=op.step)


@lowers(Split)
def split(op: Split) -> Call:
    if len(op.sizes) == 1:
        return call(kernels.identity)  # one part is the value itself
    return call(kernels.split, sizes=op.sizes, axis=op.axis)


@lowers(Chunk)
def chunk(op: Chunk) -> Call:
    if op.count == 1:
        return call(kernels.identity)
    return call(kernels.chunk, count=op.count, axis=op.axis)
