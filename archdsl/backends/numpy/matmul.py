"""Matrix products on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.matmul import Matmul


@lowers(Matmul)
def matmul(op: Matmul) -> Call:
    return call(kernels.matmul, transpose=op.transpose)
