"""Ops that move values on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers, lowers_by_shape
from archdsl.ops.form import Reshape
from archdsl.ops.reshape import Flatten, Identity, Permute
from archdsl.sizes.shape import Shape


@lowers(Flatten)
def flatten(op: Flatten) -> Call:
    return call(kernels.flatten, start=op.start)


@lowers(Identity)
def identity(op: Identity) -> Call:
    return call(kernels.identity)


@lowers_by_shape(Reshape)
def reshape(op: Reshape, x: Shape) -> Call:
    sizes = tuple(size if isinstance(size, int) else tuple(size) for size in op.form(x))
    return Call(kernels.reshape, {"sizes": sizes})


@lowers(Permute)
def permute(op: Permute) -> Call:
    return Call(kernels.permute, {"axes": op.axes})
