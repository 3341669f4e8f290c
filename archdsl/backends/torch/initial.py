"""First values: what torch does by itself is left to it; anything else is set where the layer is made.

    initialized(nn.Linear(10, 5), weight=partial(nn.init.normal_, std=0.01))
    initialized(nn.Conv2d(3, 8, kernel_size=3), weight=nn.init.xavier_uniform_)

What depends on the sizes of a weight goes by torch's own name for it, so that the numbers stay out of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archdsl.backends.torch.calls import Arg, Call, Name, call, opt
from archdsl.ops import Op, Param
from archdsl.ops.init import DEFAULT, ONES, ZEROS, Constant, Init, Initializer, Normal, Uniform


def initialized(op: Op, make: Call, params: Mapping[str, Param], starts: Mapping[str, Init]) -> Call:
    """The constructor, wrapped where the op's first values are not those that torch gives."""
    fills = [
        Arg(name, _function(filling(op, param)))
        for name, param in params.items()
        if param.init != starts.get(name, param.init)
    ]
    return Call("initialized", (Arg("layer", make, positional=True), *fills)) if fills else make


def filling(op: Op, param: Param) -> Call:
    """The call that fills a tensor with a parameter's first values, the tensor itself left out."""
    said = getattr(op, "init", DEFAULT)
    named = _NAMED.get(said.name)
    if named is not None and len(param.shape) > 1 and said.of(param.shape, param.init) == param.init:
        return named(said)
    return _COMPUTED[type(param.init)](param.init)


def _function(fill: Call) -> Name | Call:
    """What fills a tensor, as a function of it."""
    if all(arg.omitted for arg in fill.args):
        return Name(fill.callee)
    return Call("partial", (Arg("function", Name(fill.callee), positional=True), *fill.args))


def _gain(said: Initializer) -> Any:
    return opt(1.0 if said.amount is None else said.amount, 1.0)


def _mode(said: Initializer) -> Any:
    return opt(said.amount or "fan_in", "fan_in")


# Kaiming's gain is that of ReLU. Torch's default, a leaky one without a leak, is the same and says it less well.
_NAMED: dict[str, Callable[[Initializer], Call]] = {
    "xavier_uniform": lambda said: call("nn.init.xavier_uniform_", gain=_gain(said)),
    "xavier_normal": lambda said: call("nn.init.xavier_normal_", gain=_gain(said)),
    "kaiming_uniform": lambda said: call("nn.init.kaiming_uniform_", mode=_mode(said), nonlinearity="relu"),
    "kaiming_normal": lambda said: call("nn.init.kaiming_normal_", mode=_mode(said), nonlinearity="relu"),
}

_COMPUTED: dict[type, Callable[..., Call]] = {
    Constant: lambda init: _constant(init),
    Uniform: lambda init: call("nn.init.uniform_", a=-init.bound, b=init.bound),
    Normal: lambda init: call("nn.init.normal_", std=opt(init.deviation, 1.0)),
}


def _constant(init: Constant) -> Call:
    if init in (ZEROS, ONES):
        return Call("nn.init.zeros_" if init == ZEROS else "nn.init.ones_", ())
    return call("nn.init.constant_", val=init.value)
