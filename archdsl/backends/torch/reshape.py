"""Ops that move values without computing, in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import X, call, opt, template
from archdsl.backends.torch.rules import Lowering, expression, layer, lowers
from archdsl.ops.form import Reshape, Share
from archdsl.ops.reshape import Flatten, Identity, Permute
from archdsl.sizes.shape import Shape


@lowers(Flatten)
def flatten(op: Flatten, x: Shape) -> Lowering:
    """flatten      # nn.Flatten(), or torch.flatten(x, 1)"""
    make = call("nn.Flatten", start_dim=opt(op.start, 1))
    return layer(make, run=call("torch.flatten", {"input": X, "start_dim": op.start}))


@lowers(Identity)
def identity(op: Identity, x: Shape) -> Lowering:
    """identity      # nn.Identity(), or nothing at all"""
    return layer(call("nn.Identity"), run=X)


@lowers(Reshape)
def reshape(op: Reshape, x: Shape) -> Lowering:
    """reshape([8, -1])      # x.reshape(x.shape[0], 8, -1)"""
    sizes = ", ".join(_size(size) for size in (Share(0, 1, 1), *op.form(x)))
    return expression(template(f"{{x}}.reshape({sizes})", x=X))


def _size(size: int | Share) -> str:
    """A size as a number, or read off an axis of x."""
    if isinstance(size, int):
        return str(size)
    factor = f"{size.times} * " if size.times > 1 else ""
    return f"{factor}{{x}}.shape[{size.axis}]" + (f" // {size.over}" if size.over > 1 else "")


@lowers(Permute)
def permute(op: Permute, x: Shape) -> Lowering:
    """permute([0, 2, 1])      # x.permute(0, 2, 1)"""
    return expression(template(f"{{x}}.permute({', '.join(map(str, op.axes))})", x=X))
