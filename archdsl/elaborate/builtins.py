"""The functions of the language: `len min max ceil floor round sum range abs`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archdsl.elaborate.numbers import Refused, arithmetic, as_float, bounded, compare
from archdsl.elaborate.scope import Constant
from archdsl.elaborate.values import Builtin, Quotient, WrongType, described
from archdsl.limits import ListTooLong, limits
from archdsl.ops.init import RULES, Initializer
from archdsl.sizes.dim import Expr, ceildiv, largest, smallest


def _length(items: Constant) -> int:
    return len(_list(items, "len"))


def _list(value: Constant, function: str) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise Refused(WrongType(f"what {function} takes", "a list", described(value)))
    return value


def _whole(value: Constant, function: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Expr | Quotient | float):
        raise Refused(WrongType(f"what {function} takes", "a number", described(value)))
    return value


def _ceil(value: Constant) -> Constant:
    value = _whole(value, "ceil")
    if isinstance(value, Quotient):
        return ceildiv(value.numerator, value.divisor)
    return _from_float(-(-value // 1)) if isinstance(value, float) else value


def _floor(value: Constant) -> Constant:
    value = _whole(value, "floor")
    if isinstance(value, Quotient):
        return value.numerator // value.divisor
    return _from_float(value // 1) if isinstance(value, float) else value


def _round(value: Constant) -> Constant:
    """To the nearest whole number, halves to the even one, as Python does."""
    value = _whole(value, "round")
    if isinstance(value, Quotient):
        if not isinstance(value.numerator, int):
            raise Refused(WrongType("what round takes", "known when compiling", described(value)))
        low, rest = divmod(value.numerator, value.divisor)
        return low + (2 * rest > value.divisor or (2 * rest == value.divisor and low % 2 == 1))
    return _from_float(value, round) if isinstance(value, float) else value


def _from_float(value: float, whole: Callable[[float], int] = int) -> int:
    if value != value or value in (float("inf"), float("-inf")):
        raise Refused(WrongType("what is rounded", "a finite number", str(value)))
    return int(bounded(whole(value)))


def _extreme(name: str, pick: Any, symbol: str) -> Builtin:
    def run(*values: Constant) -> Constant:
        items = _list(values[0], name) if len(values) == 1 else values
        if not items:
            raise Refused(WrongType(f"what {name} takes", "one value or more", "an empty list"))
        items = tuple(_whole(item, name) for item in items)
        if any(isinstance(item, Expr) for item in items):
            for item in items:
                if isinstance(item, float | Quotient):
                    raise Refused(WrongType(f"what {name} takes beside a size", "an integer", described(item)))
            return bounded(pick(items))
        best = items[0]
        for item in items[1:]:
            best = item if compare(symbol, item, best) else best
        return best

    return Builtin(name, run)


def _sum(items: Constant) -> Constant:
    total: Constant = 0
    for item in _list(items, "sum"):
        total = arithmetic("+", total, item)
    return total


def _range(*bounds: Constant) -> tuple[int, ...]:
    for bound in bounds:
        if isinstance(bound, bool) or not isinstance(bound, int):
            raise Refused(WrongType("what range takes", "an integer", described(bound)))
    if len(bounds) == 3 and bounds[2] == 0:
        raise Refused(WrongType("the step of range", "other than 0", "0"))
    numbers = range(*bounds)
    start, stop, step = numbers.start, numbers.stop, numbers.step
    if (stop - start) // step > limits().items:
        raise Refused(ListTooLong(limits().items))
    return tuple(numbers)


def _abs(value: Constant) -> Constant:
    value = _whole(value, "abs")
    return abs(value) if isinstance(value, int | float) else bounded(largest([value, -value]))


def _checked(name: str, run: Any, least: int, most: int) -> Builtin:
    """A function with its number of arguments checked."""

    def guarded(*values: Constant) -> Constant:
        if not least <= len(values) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            raise Refused(WrongType(f"the number of {name}'s arguments", wanted, str(len(values))))
        return run(*values)

    return Builtin(name, guarded)


def _initializer(name: str) -> Builtin:
    """`normal(0.01)`, or `normal` alone: a way to draw first weights, as an argument of layers."""

    def run(*amounts: Constant) -> Initializer:
        if len(amounts) > 1:
            raise Refused(WrongType(f"the number of {name}'s arguments", "0 or 1", str(len(amounts))))
        if not amounts:
            return Initializer(name)
        if name.startswith("kaiming"):
            if amounts[0] not in ("fan_in", "fan_out"):
                raise Refused(WrongType(f"what {name} takes", '"fan_in" or "fan_out"', described(amounts[0])))
            return Initializer(name, amounts[0])
        if name in ("default", "zeros", "ones"):
            raise Refused(WrongType(f"the number of {name}'s arguments", "0", "1"))
        return Initializer(name, as_float(amounts[0]))

    return Builtin(name, run)


INITIALIZERS: dict[str, Builtin] = {name: _initializer(name) for name in RULES}

BUILTINS: dict[str, Builtin] = {
    builtin.name: builtin
    for builtin in (
        _checked("len", _length, 1, 1),
        _checked("ceil", _ceil, 1, 1),
        _checked("floor", _floor, 1, 1),
        _checked("round", _round, 1, 1),
        _checked("sum", _sum, 1, 1),
        _checked("range", _range, 1, 3),
        _checked("abs", _abs, 1, 1),
        _checked("float", as_float, 1, 1),
        _extreme("min", smallest, "<"),
        _extreme("max", largest, ">"),
    )
} | INITIALIZERS
