"""Embeddings on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.embedding import Embedding


@lowers(Embedding)
def embedding(op: Embedding) -> Call:
    return call(kernels.embedding)
