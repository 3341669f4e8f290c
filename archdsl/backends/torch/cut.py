"""Cutting along an axis in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import Items, X, call, opt, template
from archdsl.backends.torch.rules import Lowering, expression, lowers
from archdsl.ops.cut import Chunk, Slice, Split
from archdsl.sizes.shape import Shape


@lowers(Slice)
def slice_(op: Slice, x: Shape) -> Lowering:
    """slice(axis=1, start=1)      # x[:, 1:]"""
    bounds = (str(op.start) if op.start else "", "" if op.stop is None else str(op.stop))
    step = f":{op.step}" if op.step > 1 else ""
    return expression(template(f"{{x}}[{':, ' * (op.axis % x.rank)}{':'.join(bounds)}{step}]", x=X))


@lowers(Split)
def split(op: Split, x: Shape) -> Lowering:
    """split([64, 128])      # torch.split(x, [64, 128], dim=1)"""
    facts = {"tensor": X, "split_size_or_sections": Items(op.sizes)}
    return expression(call("torch.split", facts, dim=opt(op.axis, 0)) if len(op.sizes) > 1 else X)


@lowers(Chunk)
def chunk(op: Chunk, x: Shape) -> Lowering:
    """chunk(2)      # torch.chunk(x, 2, dim=1)"""
    facts = {"input": X, "chunks": op.count}
    return expression(call("torch.chunk", facts, dim=opt(op.axis, 0)) if op.count > 1 else X)
