"""Values that a constructor computes: plain Python values, and expressions over its arguments.

A symbolic value is an `int`, `float`, `bool`, `str`, None or a tuple of such where it is known, and a `Sym` where it is
not. Arithmetic on a `Sym` gives a `Sym`; a question that only its value could answer raises `Untranslatable`.

    python(Name("kernel") // 2)      # "kernel // 2"
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from archdsl.backends.python.literals import literal
from archdsl.backends.torch.calls import Shown
from archdsl.record import Entity, Record


class Untranslatable(Exception):
    """What a class can't say; the text tells why."""


class Sym(Record, Shown):
    """The base of values that are not known when the class is written."""

    def shown(self) -> str:
        return python(self)

    def __add__(self, other: Any) -> Any:
        return binary("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return binary("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return binary("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return binary("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return binary("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return binary("*", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return binary("//", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return binary("//", other, self)

    def __mod__(self, other: Any) -> Any:
        return binary("%", self, other)

    def __neg__(self) -> Any:
        return Neg(self)

    def __bool__(self) -> bool:
        raise Untranslatable(f"whether {python(self)} holds decides what is written")

    def __float__(self) -> float:
        raise Untranslatable(f"the number {python(self)} decides what is written")

    __int__ = __index__ = __float__

    def __lt__(self, other: Any) -> bool:
        raise Untranslatable(f"the size of {python(self)} decides what is written")

    __le__ = __gt__ = __ge__ = __lt__


class Pair(tuple[Any, ...]):
    """A tuple, where a tuple that is none stands for a list."""


class Name(Sym):
    """A local variable or an argument of the constructor; `kind` is the type that is known of it."""

    text: str
    kind: str = ""


class Free(Sym, Entity):
    """A size that no constructor knows; as an axis of a value it can be read when the network runs."""

    axis: int

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class In(Sym, Entity):
    """The size of an axis of what a body is given; `name` is the argument that carries it."""

    name: str
    axis: int
    place: int = 0

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Var(Sym, Entity):
    """A size that a condition or a loop makes; it takes a variable of its own if something reads it."""

    name: str
    state: dict[str, Any]

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @property
    def same(self) -> Any:
        """What it turned out to be all the time, or itself."""
        found = self.state.get("alias", self)
        return found.same if isinstance(found, Var) and found is not self else found


class Own(Sym, Entity):
    """`layer.out_channels`: what a module says of itself."""

    entry: Any
    attribute: str

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Neg(Sym):
    operand: Any


class Not(Sym):
    operand: Any


class Binary(Sym):
    operator: str
    left: Any
    right: Any


class Choice(Sym):
    then: Any
    condition: Any
    otherwise: Any


class Item(Sym):
    value: Any
    index: Any


class Sequence(Sym):
    """A list or a tuple of which some item is not known."""

    items: tuple[Any, ...]
    is_tuple: bool = False


class Invoke(Sym):
    """A call of a function; `kind` is what it gives."""

    callee: str
    arguments: tuple[tuple[str | None, Any], ...]
    kind: str = ""


BINDS = {"or": 1, "and": 2, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "is": 4, "is not": 4}
BINDS |= {"+": 5, "-": 5, "*": 6, "/": 6, "//": 6, "%": 6, "**": 8}

COMPUTED: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "==": lambda a, b: a == b and isinstance(a, bool) is isinstance(b, bool),
    "!=": lambda a, b: not (a == b and isinstance(a, bool) is isinstance(b, bool)),
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def binary(operator: str, left: Any, right: Any) -> Any:
    """An operation on symbolic values, computed where both are known, and without what does nothing."""
    if isinstance(left, Var):
        left = left.same
    if isinstance(right, Var):
        right = right.same
    if isinstance(left, Free) or isinstance(right, Free):
        return Free(-1)
    if not isinstance(left, Sym) and not isinstance(right, Sym):
        if operator in COMPUTED:
            return COMPUTED[operator](left, right)
        if operator == "**" and isinstance(right, int) and 0 <= right < 64:
            return left**right
        if operator == "/" and isinstance(left, int) and isinstance(right, int) and right and left % right == 0:
            return left // right
        if operator == "/" and (isinstance(left, float) or isinstance(right, float)):
            return left / right
        if operator in ("and", "or"):
            return (left and right) if operator == "and" else (left or right)
    if operator in ("+", "-") and _is(right, 0):
        return left
    if operator == "+" and _is(left, 0):
        return right
    if operator == "*" and _is(left, 1):
        return right
    if operator in ("*", "/", "//") and _is(right, 1):
        return left
    if operator == "*" and (_is(left, 0) or _is(right, 0)):
        return 0
    if operator == "-" and left == right and isinstance(left, Sym):
        return 0
    if operator in ("and", "or") and isinstance(left, bool):
        return right if left is (operator == "and") else left
    if operator in ("+", "-") and isinstance(right, int) and not isinstance(right, bool):
        shift = right if operator == "+" else -right
        if isinstance(left, Binary) and left.operator in ("+", "-") and isinstance(left.right, int):
            total = (left.right if left.operator == "+" else -left.right) + shift
            return left.left if total == 0 else Binary("+" if total > 0 else "-", left.left, abs(total))
        return Binary("+" if shift > 0 else "-", left, abs(shift))
    return Binary(operator, left, right)


def _is(value: Any, number: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value == number


def kind_of(value: Any) -> str:
    """The type of a symbolic value, as far as it is known: "int", "float", "bool", "list" or empty."""
    if isinstance(value, Var):
        value = value.same
    if isinstance(value, bool | Not):
        return "bool"
    if isinstance(value, int | In | Own | Var | Free):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, tuple | Sequence):
        return "list"
    if isinstance(value, Name | Invoke):
        return value.kind
    if isinstance(value, Neg):
        return kind_of(value.operand)
    if isinstance(value, Item):
        inner = kind_of(value.value)
        return inner[9:-1] if inner.startswith("Sequence[") else ""
    if isinstance(value, Choice):
        kinds = {kind_of(value.then), kind_of(value.otherwise)}
        return kinds.pop() if len(kinds) == 1 else ""
    if isinstance(value, Binary):
        if BINDS[value.operator] <= 4:
            return "bool"
        kinds = {kind_of(value.left), kind_of(value.right)}
        return "float" if "float" in kinds else "int" if kinds == {"int"} else ""
    return ""


def parts(value: Any) -> Iterator[Any]:
    """A symbolic value and all that it is made of."""
    if isinstance(value, Var) and value.same is not value:
        value = value.same
    yield value
    if isinstance(value, tuple):
        for item in value:
            yield from parts(item)
    elif isinstance(value, Sym) and not isinstance(value, Var):
        for field in value.values().values():
            if isinstance(field, Sym | tuple):
                yield from parts(field)


def python(value: Any, around: int = 0, whole: bool | None = None) -> str:
    """The value as Python; `whole` says that a whole number is wanted, or that it is not (None: by its operands).

    python(binary("/", Name("channels"), 2), whole=True)      # "channels // 2"
    """
    if isinstance(value, Var):
        value = value.same
    if not isinstance(value, Sym):
        return _plain(value)
    text, binds = _shown(value, whole)
    return f"({text})" if binds < around else text


def _plain(value: Any) -> str:
    if isinstance(value, Pair):
        return f"({', '.join(map(python, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, tuple):
        return f"[{', '.join(map(python, value))}]"
    return literal(value)


def _shown(value: Sym, whole: bool | None) -> tuple[str, int]:
    if isinstance(value, Name):
        return value.text, 9
    if isinstance(value, In | Var):
        return value.name, 9
    if isinstance(value, Own):
        return f"{value.entry.owner.get('path') or value.entry.owner['name']}.{value.attribute}", 9
    if isinstance(value, Neg):
        return f"-{python(value.operand, 7, whole)}", 7
    if isinstance(value, Not):
        return f"not {python(value.operand, 3)}", 3
    if isinstance(value, Choice):
        then, condition = python(value.then, 1, whole), python(value.condition, 1)
        return f"{then} if {condition} else {python(value.otherwise, 0, whole)}", 0
    if isinstance(value, Item):
        return f"{python(value.value, 9)}[{python(value.index)}]", 9
    if isinstance(value, Sequence):
        items = ", ".join(map(python, value.items))
        if value.is_tuple:
            return f"({items}{',' if len(value.items) == 1 else ''})", 9
        return f"[{items}]", 9
    if isinstance(value, Invoke):
        real = False if value.callee.startswith("math.") or value.callee == "round" else None
        shown = (f"{f'{name}=' if name else ''}{python(item, 0, real)}" for name, item in value.arguments)
        text = f"{value.callee}({', '.join(shown)})"
        return (f"int({text})", 9) if whole and value.kind == "real" else (text, 9)
    if isinstance(value, Binary):
        return _operation(value, whole)
    raise Untranslatable("a size is needed that only the running network knows")


def _operation(value: Binary, whole: bool | None) -> tuple[str, int]:
    binds = BINDS[value.operator]
    if binds <= 4:
        whole = False if binds == 4 else None
    if value.operator in ("*", "/") and _divides(value):
        if whole is None:
            whole = all(kind_of(factor) == "int" for factor in _factors(value))
        if whole:
            return _quotient(value)
    left, right = (binds + 1, binds) if value.operator == "**" else (binds, binds + 1)
    inner = None if value.operator in ("//", "%", "**") else whole
    if value.operator == "**":
        base, power = python(value.left, left, inner), python(value.right, right, inner)
        hugs = re.fullmatch(r"[\w.]+", base) and re.fullmatch(r"-?[\w.]+", power)
        return (f"{base}**{power}" if hugs else f"{base} ** {power}"), binds
    return f"{python(value.left, left, inner)} {value.operator} {python(value.right, right, inner)}", binds


def _divides(value: Any) -> bool:
    """Whether a product holds a division."""
    return isinstance(value, Binary) and (
        value.operator == "/" or (value.operator == "*" and (_divides(value.left) or _divides(value.right)))
    )


def _factors(value: Any, over: bool = False) -> list[Any]:
    top, bottom = _fraction(value)
    return [*top, *bottom]


def _fraction(value: Any) -> tuple[list[Any], list[Any]]:
    """The factors above and below the line of a product with divisions."""
    if isinstance(value, Binary) and value.operator in ("*", "/"):
        (a, b), (c, d) = _fraction(value.left), _fraction(value.right)
        return (a + c, b + d) if value.operator == "*" else (a + d, b + c)
    return [value], []


def _quotient(value: Binary) -> tuple[str, int]:
    """An exact quotient of whole numbers: all products are made before what must come out even is divided."""
    top, bottom = _fraction(value)
    above = " * ".join(python(factor, 7 if index else 6, True) for index, factor in enumerate(top))
    if not bottom:
        return above, 6
    below = " * ".join(python(factor, 7, True) for factor in bottom)
    return f"{above} // {f'({below})' if len(bottom) > 1 else below}", 6


FUNCTIONS = {"ceil": ("math.ceil", "int"), "floor": ("math.floor", "int"), "round": ("round", "int")}
FUNCTIONS |= {"len": ("len", "int"), "abs": ("abs", ""), "float": ("float", "float"), "sum": ("sum", "")}
FUNCTIONS |= {"min": ("min", ""), "max": ("max", "")}


def invoke(name: str, values: list[Any]) -> Any:
    """A function of the language on symbolic values."""
    if name == "len" and isinstance(values[0], tuple):
        return len(values[0])
    if name == "len" and isinstance(values[0], Sequence):
        return len(values[0].items)
    known = not any(isinstance(part, Sym) for value in values for part in parts(value))
    if known and name in _KNOWN:
        return _KNOWN[name](*values)
    if name == "range":
        return Invoke("list", ((None, Invoke("range", tuple((None, value) for value in values), "list")),), "list")
    if name not in FUNCTIONS:
        raise Untranslatable(f"{name}(…) has no form in Python")
    callee, kind = FUNCTIONS[name]
    if name in ("ceil", "floor") and kind_of(values[0]) == "int" and not _divides(values[0]):
        return values[0]
    if name in ("min", "max", "sum", "abs"):
        kinds = {kind_of(value) for value in values}
        kind = "int" if kinds == {"int"} else "float" if "float" in kinds else "int" if name == "sum" else ""
    return Invoke(callee, tuple((None, value) for value in values), kind)


_KNOWN: dict[str, Callable[..., Any]] = {
    "ceil": lambda x: math.ceil(x),
    "floor": lambda x: math.floor(x),
    "round": lambda x: round(x),
    "sum": lambda items: sum(items),
    "min": lambda *xs: min(*xs) if len(xs) > 1 else min(xs[0]),
    "max": lambda *xs: max(*xs) if len(xs) > 1 else max(xs[0]),
    "abs": lambda x: abs(x),
    "float": lambda x: float(x),
    "range": lambda *xs: tuple(range(*xs)),
}


def substituted(value: Any, meaning: Callable[[Any], Any]) -> Any:
    """The value with names and sizes replaced by what they mean; `meaning` gives None for what stays."""
    if isinstance(value, Var):
        value = value.same
    if isinstance(value, tuple):
        return type(value)([substituted(item, meaning) for item in value])
    if not isinstance(value, Sym):
        return value
    found = meaning(value)
    if found is not None:
        return found[0]
    if isinstance(value, Binary):
        return binary(value.operator, substituted(value.left, meaning), substituted(value.right, meaning))
    if isinstance(value, Choice):
        condition = substituted(value.condition, meaning)
        if isinstance(condition, bool):
            return substituted(value.then if condition else value.otherwise, meaning)
        return Choice(substituted(value.then, meaning), condition, substituted(value.otherwise, meaning))
    if isinstance(value, Item):
        items, index = substituted(value.value, meaning), substituted(value.index, meaning)
        if isinstance(items, tuple | Sequence) and isinstance(index, int):
            return (items if isinstance(items, tuple) else items.items)[index]
        return Item(items, index)
    if isinstance(value, Not):
        inner = substituted(value.operand, meaning)
        return not inner if isinstance(inner, bool) else Not(inner)
    if isinstance(value, Invoke):
        return Invoke(value.callee, tuple((n, substituted(v, meaning)) for n, v in value.arguments), value.kind)
    if isinstance(value, Sequence):
        return Sequence(tuple(substituted(item, meaning) for item in value.items), value.is_tuple)
    if isinstance(value, Neg):
        inner = substituted(value.operand, meaning)
        return Neg(inner) if isinstance(inner, Sym) else -inner
    return value
