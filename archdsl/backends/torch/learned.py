"""Learned values that stand for themselves, in torch: parameters of the body."""

from __future__ import annotations

from archdsl.backends.torch.calls import MODULE, Arg, Call, Infix, Items, X, call, template
from archdsl.backends.torch.initial import filling
from archdsl.backends.torch.rules import Lowering, lowers, parameter
from archdsl.ops import Op, Param
from archdsl.ops.init import ONES, ZEROS, Constant
from archdsl.ops.learned import Parameter, Scale
from archdsl.sizes.shape import Shape


@lowers(Scale)
def scale(op: Scale, x: Shape) -> Lowering:
    """scale      # nn.Parameter(torch.ones(64, 1, 1)), and x * self.scale"""
    return parameter(_made(op, op.params(x)[""]), use=Infix("*", (X, MODULE)))


@lowers(Parameter)
def parameter_(op: Parameter, x: Shape) -> Lowering:
    """parameter([1, 768])      # nn.Parameter(torch.zeros(1, 1, 768)), and self.token.expand(x.shape[0], -1, -1)"""
    rest = ", -1" * len(op.sizes)
    return parameter(
        _made(op, op.params(x)[""]), use=template(f"{{own}}.expand({{x}}.shape[0]{rest})", own=MODULE, x=X)
    )


def _made(op: Op, param: Param) -> Call:
    """The parameter with its first values."""
    sizes = tuple(Arg("size", size, positional=True) for size in param.shape)
    return call("nn.Parameter", {"data": _filled(op, param, sizes)})


def _filled(op: Op, param: Param, sizes: tuple[Arg, ...]) -> Call:
    if param.init in (ZEROS, ONES):
        return Call("torch.zeros" if param.init == ZEROS else "torch.ones", sizes)
    if isinstance(param.init, Constant):
        return call("torch.full", {"size": Items(tuple(arg.value for arg in sizes)), "fill_value": param.init.value})
    fill = filling(op, param)
    return Call(fill.callee, (Arg("tensor", Call("torch.empty", sizes), positional=True), *fill.args))
