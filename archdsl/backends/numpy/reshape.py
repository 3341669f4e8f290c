"""Ops that move values on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, lowers_by_shape
from archdsl.ops.form import Reshape
from archdsl.sizes.shape import Shape


@lowers_by_shape(Reshape)
def reshape(op: Reshape, x: Shape) -> Call:
    sizes = tuple(size if isinstance(size, int) else tuple(size) for size in op.form(x))
    return Call(kernels.reshape, {"sizes": sizes})
