"""An op with symbolic arguments: how it is bound, and how the rules of the backend write it."""

from __future__ import annotations

from typing import Any

from archdsl.backends.torch import calls
from archdsl.backends.torch.calls import Arg
from archdsl.backends.torch.initial import _COMPUTED, _NAMED, _function
from archdsl.backends.torch.learned import _filled
from archdsl.backends.torch.rules import RULES, Lowering
from archdsl.backends.torch.translated.scope import Callee, Scope, Value, as_whole, evaluate
from archdsl.backends.torch.translated.symbolic import Name, Sequence, Sym, Untranslatable, python
from archdsl.graph.definition import Application, Expression, Given, Reference, Unknown
from archdsl.ops.attention import Attention
from archdsl.ops.base import Attribute, Op, Param
from archdsl.ops.conv_transpose import ConvTranspose
from archdsl.ops.cut import Chunk, Slice, Split
from archdsl.ops.form import Reshape
from archdsl.ops.init import DEFAULT, ONES, ZEROS, Constant, Init, Initializer, Normal, Uniform
from archdsl.ops.learned import Parameter, Scale
from archdsl.ops.pool import LpPool
from archdsl.ops.reduce import Max, Mean
from archdsl.ops.reshape import Permute
from archdsl.record import REQUIRED
from archdsl.sizes.shape import Shape

NO_LAYERS = (Permute, Reshape, Slice, Split, Chunk, Mean, Max, LpPool, Scale, Parameter, Attention)
"""Ops that are no module that is simply called: `forward` writes them as expressions, for some arguments at least, or
the body holds their tensors."""


def bind(op: type[Op], arguments: tuple[Given, ...], axes: int, scope: Scope, defaults: dict[str, Any]) -> Op:
    """The op with its arguments, as far as they are known."""
    attributes = op.attributes()
    names = list(attributes)
    given = {g.name or names[place]: g.value for place, g in enumerate(arguments)}
    values: dict[str, Any] = {}
    for name, attribute in attributes.items():
        if name in given:
            values[name] = argument(given[name], attribute, axes, scope)
        elif name in defaults:
            values[name] = converted(defaults[name], attribute, axes)
        elif attribute.default is REQUIRED:
            raise Untranslatable(f"{op.name} lacks {name}")
        else:
            values[name] = converted(attribute.default, attribute, axes)
    return op(*values.values())


def argument(node: Expression, attribute: Attribute, axes: int, scope: Scope) -> Any:
    """The value of an argument; one of a few words may stand without quotes."""
    word = node.name if isinstance(node, Unknown) else None
    if isinstance(node, Reference):
        word = node.thing if isinstance(node.thing, str) else getattr(node.thing, "name", None)
    if word in attribute.choices:
        return word
    if attribute.kind == "Initializer":
        return _initializer(node, scope)
    return converted(evaluate(node, scope), attribute, axes)


def _initializer(node: Expression, scope: Scope) -> Any:
    if isinstance(node, Reference) and isinstance(node.thing, str):
        return Initializer(node.thing)
    if isinstance(node, Application) and isinstance(node.callee, Reference):
        amounts = [evaluate(given.value, scope) for given in node.arguments]
        amount = amounts[0] if amounts else None
        return Initializer(node.callee.thing, float(amount) if isinstance(amount, int) else amount)
    raise Untranslatable("how first values are drawn is a parameter")


def converted(value: Any, attribute: Attribute, axes: int) -> Any:
    """A value as an op's attribute holds it."""
    if isinstance(value, Value | Callee):
        raise Untranslatable("a value of the network is an argument of an op")
    kind = attribute.kind
    if kind in ("int", "int | None", "Dim"):
        return as_whole(value)
    if kind in ("Size", "Size | None"):
        if value is None:
            return None
        items = as_whole(value)
        if isinstance(items, Sequence):
            items = items.items
        return tuple(items) if isinstance(items, tuple) else (items,) * axes
    if kind in ("Dims", "Integers", "Floats"):
        items = value.items if isinstance(value, Sequence) else value
        if isinstance(items, Name) or (isinstance(items, Sym) and kind != "Dims"):
            raise Untranslatable(f"whether {python(items)} is one number or a list")
        found = tuple(items) if isinstance(items, tuple) else (items,)
        return found if kind == "Floats" else tuple(map(as_whole, found))
    if kind in ("float", "float | None") and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def lowered(op: Op, *values: Value) -> Lowering:
    """How an op on these values is written; first values that the spec asks for are set."""
    shapes = [Shape(value.dims, value.kind) for value in values]  # type: ignore[arg-type]
    said = getattr(op, "init", DEFAULT)
    if isinstance(op, Parameter):
        made = _parameter(op, said)
        found = RULES[type(op)](Parameter(tuple(1 for _ in op.sizes)), *shapes)
        return Lowering(made, found.run, found.use)
    found = RULES[type(op)](op, *shapes)
    if found.make is None or said == DEFAULT:
        return found
    if isinstance(op, ConvTranspose):
        raise Untranslatable("first values of a transposed convolution")
    fill = _NAMED[said.name](said) if said.name in _NAMED else _computed(said)
    wrapped = calls.Call("initialized", (Arg("layer", found.make, positional=True), Arg("weight", _function(fill))))
    return Lowering(wrapped, found.run, found.use)


def _computed(said: Initializer) -> calls.Call:
    drawn = _drawn(said)
    return _COMPUTED[type(drawn)](drawn)


def _drawn(said: Initializer) -> Init:
    amount: Any = said.amount
    if said.name == "normal":
        return Normal(1.0 if amount is None else amount)
    if said.name == "uniform":
        return Uniform(1.0 if amount is None else amount)
    if said.name == "constant":
        return Constant(0.0 if amount is None else amount)
    return {"zeros": ZEROS, "ones": ONES}[said.name]


def _parameter(op: Parameter, said: Initializer) -> calls.Call:
    """The tensor that a body learns."""
    sizes = tuple(Arg("size", size, positional=True) for size in (1, *op.sizes))
    if said.name in _NAMED:
        fill = _NAMED[said.name](said)
        empty = Arg("tensor", calls.Call("torch.empty", sizes), positional=True)
        data = calls.Call(fill.callee, (empty, *fill.args))
    else:
        drawn = ZEROS if said == DEFAULT else _drawn(said)
        data = _filled(op, Param((1, *op.sizes), drawn), sizes)
    return calls.call("nn.Parameter", {"data": data})
