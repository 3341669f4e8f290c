"""First values: what torch does by itself is left to it; anything else is set where the layer is made.

initialized(nn.Linear(10, 5), weight=partial(nn.init.normal_, std=0.01))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archdsl.backends.torch.calls import Arg, Call, Name, call
from archdsl.ops import Param
from archdsl.ops.init import ONES, ZEROS, Constant, Init, Normal, Uniform


def initialized(make: Call, params: Mapping[str, Param], starts: Mapping[str, Init]) -> Call:
    """The constructor, wrapped where the op's first values are not those that torch gives."""
    fills = [Arg(name, fill(p.init)) for name, p in params.items() if name in starts and p.init != starts[name]]
    return Call("initialized", (Arg("layer", make, positional=True), *fills)) if fills else make


def fill(init: Init) -> Name | Call:
    """The function that fills a tensor with an initialiser's values."""
    return _FILLS[type(init)](init)


def _constant(init: Constant) -> Name | Call:
    if init in (ZEROS, ONES):
        return Name("nn.init.zeros_" if init == ZEROS else "nn.init.ones_")
    return _partial("nn.init.constant_", val=init.value)


def _partial(function: str, **facts: Any) -> Call:
    return call("partial", {"function": Name(function)}, **facts)


_FILLS: dict[type, Callable[..., Name | Call]] = {
    Constant: _constant,
    Uniform: lambda init: _partial("nn.init.uniform_", a=-init.bound, b=init.bound),
    Normal: lambda init: _partial("nn.init.normal_", std=init.deviation),
}
