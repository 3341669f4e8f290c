"""Joins in torch: expressions over the values of the arms."""

from __future__ import annotations

from archdsl.backends.torch.calls import Infix, Items, Ref, call, opt
from archdsl.backends.torch.rules import Lowering, expression, lowers
from archdsl.ops.combine import Add, Concat, Mul, Sub
from archdsl.sizes.shape import Shape


@lowers(Add)
def add(op: Add, *xs: Shape) -> Lowering:
    """add      # a + b"""
    return expression(Infix("+", tuple(Ref(i) for i in range(len(xs)))))


@lowers(Mul)
def mul(op: Mul, *xs: Shape) -> Lowering:
    """mul      # a * b"""
    return expression(Infix("*", tuple(Ref(i) for i in range(len(xs)))))


@lowers(Sub)
def sub(op: Sub, a: Shape, b: Shape) -> Lowering:
    """sub      # a - b"""
    return expression(Infix("-", (Ref(0), Ref(1))))


@lowers(Concat)
def concat(op: Concat, *xs: Shape) -> Lowering:
    """concat      # torch.cat([a, b], dim=1)"""
    return expression(call("torch.cat", {"tensors": Items(tuple(Ref(i) for i in range(len(xs))))}, dim=opt(op.axis, 0)))
