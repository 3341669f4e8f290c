"""Attention on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.attention import Attention


@lowers(Attention)
def attention(op: Attention) -> Call:
    return call(kernels.attention, heads=op.heads, causal=op.causal, p=op.dropout)
