"""The ops of the language, one file per family; `OPS` lists them all, in the order in which they stand there."""

from __future__ import annotations

from archdsl.ops import (
    activation,
    adaptive,
    attention,
    augment,
    combine,
    conv,
    conv_transpose,
    cut,
    embedding,
    form,
    learned,
    linear,
    matmul,
    norm,
    pad,
    pool,
    reduce,
    regularize,
    reshape,
    shuffle,
    upsample,
)
from archdsl.ops.base import Attribute, Op, Param, Params, Rejected, Window

FAMILIES = (
    *(conv, conv_transpose, linear, pool, adaptive, norm, activation, reshape, form, cut, pad, upsample, shuffle),
    *(reduce, learned, regularize, combine, matmul, attention, embedding, augment),
)
"""The files, in the order in which their ops are listed."""

OPS: dict[str, type[Op]] = {
    op.name: op
    for family in FAMILIES
    for op in vars(family).values()
    if isinstance(op, type) and issubclass(op, Op) and op.__module__ == family.__name__ and hasattr(op, "name")
}

__all__ = ["OPS", "Attribute", "Op", "Param", "Params", "Rejected", "Window"]
