"""From written arguments to an op: defaults, kinds and ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archdsl.diagnostics import listing, suggestion
from archdsl.elaborate.arguments import MissingArgument, match, usage
from archdsl.elaborate.builtins import INITIALIZERS
from archdsl.elaborate.evaluate import Environment, evaluate, uneven, unpacked, written
from archdsl.elaborate.foreign import TOO_LARGE
from archdsl.elaborate.mistake import Mistake, error, together
from archdsl.elaborate.numbers import Refused, as_float
from archdsl.elaborate.scope import Constant
from archdsl.elaborate.values import Builtin, OutOfRange, Quotient, ValueRef, WrongType, described, show
from archdsl.ops import Attribute, Op
from archdsl.ops.init import Initializer
from archdsl.sizes.dim import Expr
from archdsl.source import Span
from archdsl.syntax import tree

Defaults = Mapping[str, tuple[Constant, Span]]


def bind_op(
    op: type[Op],
    arguments: tuple[tree.Argument, ...],
    axes: int | None,
    span: Span,
    env: Environment,
    defaults: Defaults,
    made: dict[Any, Op],
) -> tuple[Op | None, dict[str, Span]]:
    """The op with its attributes, and where each of them was written.

    `axes` is the number of spatial axes of what comes in; where that is unknown, arguments are checked all the same
    and no op is made. `made` holds the ops so far: the same arguments are the same op, in every pass of a repetition.
    """
    attributes = op.attributes()
    given, wrong = match(op.name, list(attributes), arguments, span)
    is_whole = not wrong
    places = {name: argument.span for name, argument in given.items()}
    values: dict[str, Any] = {name: value for name, (value, _) in defaults.items() if name not in given}
    for name, argument in given.items():
        try:
            values[name] = _word(argument.value, attributes[name], env) or evaluate(argument.value, env)
        except Mistake as mistake:
            wrong.append(mistake)
    alike = _alike(op, axes, values) if not wrong else None
    if alike in made:
        return made[alike], places
    missing = [a.name for a in attributes.values() if a.required and a.name not in {**given, **defaults}]
    if missing and is_whole:  # else what is wrong may be what is missing
        wrong.append(error(MissingArgument(op.name, ", ".join(missing), usage(op.name, list(attributes))), span))
    bound: dict[str, Any] = {}
    for attribute in attributes.values():  # in the order of the fields
        if attribute.name in missing or (attribute.name in given and attribute.name not in values):
            continue
        place = places.get(attribute.name) or (defaults[attribute.name][1] if attribute.name in defaults else span)
        value = values.get(attribute.name, attribute.default)
        what = f"{op.name}'s {attribute.name}"
        try:
            bound[attribute.name] = KINDS[attribute.kind](value, attribute, what, axes, place)
        except Mistake as mistake:
            wrong.append(mistake)
    if wrong:
        raise together(wrong)
    if axes is None:
        return None, places
    instance = op(*bound.values())
    if alike is not None:
        made[alike] = instance
    return instance, places


def _alike(op: type[Op], axes: int | None, values: Mapping[str, Constant]) -> Any:
    """What two stages have in common whose ops are equal, where that is told at a glance: `true` is not 1."""
    types = tuple(map(type, values.values()))
    return (op, axes, types, *values.items()) if PLAIN.issuperset(types) else None


PLAIN = frozenset((int, str, bool, type(None)))


def refuse_values(op: type[Op], arguments: tuple[tree.Argument, ...], env: Environment) -> None:
    """Other libraries call a layer on its input; here no op takes a value among its arguments."""
    for argument in arguments:
        if _is_value(argument.value, env):
            word = argument.value.span.text
            rest = ", ".join(other.span.text for other in arguments if other is not argument)
            hint = f"a layer takes the value before it: {word} -> {op.name}{f'({rest})' if rest else ''}"
            raise error(
                WrongType(f"an argument of {op.name}", "a number or a word", f"the value {word}", hint), argument.span
            )


def _is_value(expression: tree.Expression, env: Environment) -> bool:
    """Whether an expression is the name of a value of the network."""
    if isinstance(expression, tree.LayerName):
        return env.tensor(written(expression, env)) is not None
    return isinstance(expression, tree.Name) and env.tensor(expression.name) is not None


def _word(expression: tree.Expression, attribute: Attribute, env: Environment) -> str | None:
    """One of an argument's choices written as a bare word: `init=kaiming_normal`."""
    if isinstance(expression, tree.Name) and expression.name in attribute.choices:
        return None if env.scope.find(expression.name)[0] else expression.name
    return None


def _whole(value: Constant, attribute: Attribute, what: str, span: Span) -> int:
    if isinstance(value, Quotient):
        raise uneven(value, span)
    if isinstance(value, Expr):
        hint = f"{value} is known only when the network runs"
        raise error(WrongType(what, "known when compiling", described(value), hint), span)
    if isinstance(value, bool) or not isinstance(value, int):
        raise error(WrongType(what, "an integer", described(value), _whole_hint(value) or unpacked(value, span)), span)
    return int(_ranged(value, attribute, what, span))


def _whole_hint(value: Constant) -> str:
    if isinstance(value, float):
        return "round(…), floor(…) and ceil(…) make it whole"
    if isinstance(value, ValueRef):
        return "a layer takes the value before it: value -> layer(…)"
    if value in ("same", "valid"):
        number = "half of an odd kernel, rounded down, keeps the size" if value == "same" else "0 keeps windows inside"
        return f"padding is a number: {number}"
    if isinstance(value, tuple) and len(value) == 1:
        return f"without the brackets it is one: {show(value[0])}"
    return ""


def _ranged(value: Any, attribute: Attribute, what: str, span: Span) -> Any:
    low, high = attribute.at_least, attribute.at_most
    if (low is not None and value < low) or (high is not None and value > high) or value != value:
        bounds = f"at least {low}" if high is None else f"at most {high}" if low is None else f"from {low} to {high}"
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        too_large = TOO_LARGE.get(attribute.name, "") if high is not None and value > high else ""
        is_percentage = (low, high) == (0, 1) and 5 <= value <= 100 and not too_large
        hint = f"{show(number)} % is {show(value / 100)}" if is_percentage else too_large
        raise error(OutOfRange(what, bounds, show(number), hint), span)
    return value


def _integer(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> int:
    return _whole(value, attribute, what, span)


def _dim(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> Any:
    return value if isinstance(value, Expr) else _whole(value, attribute, what, span)


def _size(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> tuple[int, ...]:
    if not isinstance(value, tuple):
        return (_whole(value, attribute, what, span),) * (axes or 0)
    sizes = tuple(_whole(item, attribute, what, span) for item in value)
    if axes is not None and len(sizes) != axes:
        expected = f"an integer, or {axes} of them" if axes > 1 else "an integer, or a list of one"
        raise error(WrongType(what, expected, described(value), SPATIAL.get(axes, "")), span)
    return sizes


SPATIAL = {1: "a sequence has a length", 2: "an image has rows and columns", 3: "a volume has depth, rows and columns"}


def _size_or_none(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> Any:
    return None if value is None else _size(value, attribute, what, axes, span)


def _sizes_of_any_rank(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> Any:
    items = value if isinstance(value, tuple) else (value,)
    return tuple(_dim(item, attribute, what, axes, span) for item in items)


def _integers(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> tuple[int, ...]:
    items = value if isinstance(value, tuple) else (value,)
    return tuple(_whole(item, attribute, what, span) for item in items)


def _optional_integer(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> int | None:
    return None if value is None else _whole(value, attribute, what, span)


def _float(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Quotient):
        raise error(WrongType(what, "a number", described(value)), span)
    try:
        number = as_float(value)
    except Refused as refusal:
        raise error(refusal.problem, span) from None
    return float(_ranged(number, attribute, what, span))


def _floats(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> tuple[float, ...]:
    items = value if isinstance(value, tuple) else (value,)
    return tuple(_float(item, attribute, what, axes, span) for item in items)


def _optional_float(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> Any:
    return None if value is None else _float(value, attribute, what, axes, span)


def _bool(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> bool:
    if not isinstance(value, bool):
        hint = f"write {'true' if value else 'false'}" if value in (0, 1) else ""
        raise error(WrongType(what, "true or false", described(value), hint), span)
    return value


def _string(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> str:
    choices = listing(map(show, attribute.choices))
    if not isinstance(value, str):
        raise error(WrongType(what, choices or "a string", described(value)), span)
    if attribute.choices and value not in attribute.choices:
        raise error(WrongType(what, choices, show(value), suggestion(value, attribute.choices)), span)
    return value


def _initializer(value: Constant, attribute: Attribute, what: str, axes: int | None, span: Span) -> Initializer:
    if isinstance(value, Builtin) and value.name in INITIALIZERS:
        return Initializer(value.name)
    if not isinstance(value, Initializer):
        choices = ", ".join(INITIALIZERS)
        raise error(WrongType(what, "a way to draw weights", described(value), f"one of {choices}"), span)
    return value


KINDS: dict[str, Callable[[Constant, Attribute, str, int | None, Span], Any]] = {
    "int": _integer,
    "int | None": _optional_integer,
    "Integers": _integers,
    "Dim": _dim,
    "Size": _size,
    "Size | None": _size_or_none,
    "Dims": _sizes_of_any_rank,
    "float": _float,
    "float | None": _optional_float,
    "Floats": _floats,
    "bool": _bool,
    "str": _string,
    "Initializer": _initializer,
}
