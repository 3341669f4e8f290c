"""Learned values that stand for themselves, in torch: parameters of the body."""

from __future__ import annotations

from collections.abc import Callable

from archdsl.backends.torch.calls import MODULE, Arg, Call, Infix, Items, X, call, template
from archdsl.backends.torch.rules import Lowering, lowers, parameter
from archdsl.ir.shape import Shape
from archdsl.ops import Param
from archdsl.ops.init import Constant, Normal, Uniform
from archdsl.ops.learned import Parameter, Scale


@lowers(Scale)
def scale(op: Scale, x: Shape) -> Lowering:
    """scale      # nn.Parameter(torch.ones(64, 1, 1)), and x * self.scale"""
    return parameter(_made(op.params(x)[""]), use=Infix("*", (X, MODULE)))


@lowers(Parameter)
def parameter_(op: Parameter, x: Shape) -> Lowering:
    """parameter([1, 768])      # nn.Parameter(torch.zeros(1, 1, 768)), and self.token.expand(x.shape[0], -1, -1)"""
    rest = ", -1" * len(op.sizes)
    return parameter(_made(op.params(x)[""]), use=template(f"{{own}}.expand({{x}}.shape[0]{rest})", own=MODULE, x=X))


def _made(param: Param) -> Call:
    """The parameter with its first values."""
    sizes = tuple(Arg("size", size, positional=True) for size in param.shape)
    return call("nn.Parameter", {"data": _FILLED[type(param.init)](param.init, sizes)})


def _constant(init: Constant, sizes: tuple[Arg, ...]) -> Call:
    if init.value in (0, 1):
        return Call("torch.ones" if init.value else "torch.zeros", sizes)
    return call("torch.full", {"size": Items(tuple(arg.value for arg in sizes)), "fill_value": init.value})


def _empty(function: str, sizes: tuple[Arg, ...], **facts: float) -> Call:
    return call(function, {"tensor": Call("torch.empty", sizes)}, **facts)


_FILLED: dict[type, Callable[..., Call]] = {
    Constant: _constant,
    Uniform: lambda init, sizes: _empty("nn.init.uniform_", sizes, a=-init.bound, b=init.bound),
    Normal: lambda init, sizes: _empty("nn.init.normal_", sizes, std=init.deviation),
}
