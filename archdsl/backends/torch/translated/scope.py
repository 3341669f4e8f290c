"""What the names of a definition mean where a statement stands, and the value of an expression there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from archdsl.backends.torch.translated.symbolic import (
    Choice,
    Invoke,
    Item,
    Name,
    Neg,
    Not,
    Own,
    Pair,
    Sequence,
    Sym,
    Untranslatable,
    binary,
    invoke,
    kind_of,
    parts,
)
from archdsl.graph.definition import (
    Application,
    Attribute,
    Conditional,
    Constant,
    Definition,
    Expression,
    Function,
    Given,
    Incoming,
    Index,
    Items,
    Local,
    Named,
    Negated,
    Operation,
    Parameter,
    Reference,
)
from archdsl.ops.base import Op
from archdsl.record import Entity


@dataclass(eq=False)
class Value:
    """A value of the network while a class is written: its sizes, and how `forward` says it.

    `depth` counts the calls that are nested in its expression, 0 for a variable. `is_fresh` says that it is memory that
    a layer of this body made, whose gradient needs nothing of it; `is_normed` that a batch norm did. `base` is
    the variable that it is made from, which may be given to it.
    """

    dims: tuple[Any, ...]
    kind: str
    code: str
    depth: int = 0
    is_fresh: bool = False
    is_normed: bool = False
    infix: bool = False
    base: str = ""
    label: str = ""


class Callee(Entity):
    """A parameter that stands for an op or a block: its name, and what it stands for in the network at hand.

    `is_sized` says that it is called with the width of what comes in before its own arguments.
    """

    name: str
    candidates: tuple[Any, ...]
    is_sized: bool
    may_be_none: bool = False


class Functions(Protocol):
    """What a file knows of the functions that it defines."""

    def function(self, function: Function) -> tuple[str, str]:
        """The name of the Python function, and the kind of what it gives."""

    def called(self, function: Function, values: dict[str, Any]) -> None:
        """Note with what a function is called."""


class Scope(Entity):
    """The names in sight, the incoming value, the values that have names, and the file."""

    names: Mapping[str, Any]
    incoming: Value | None
    named: Mapping[str, Value]
    file: Functions


def evaluate(node: Expression, scope: Scope) -> Any:
    """The symbolic value of an expression; a `Value` for one of the network, a thing of the file for its name."""
    match node:
        case Constant():
            return node.value
        case Local():
            if node.name not in scope.names:
                raise Untranslatable(f"{node.name} has no value here")
            return scope.names[node.name]
        case Incoming():
            return scope.incoming
        case Named():
            word = node.word.plain
            if word is None or word not in scope.named:
                raise Untranslatable("a value is taken by a name that is computed")
            return scope.named[word]
        case Reference():
            return node.thing
        case Items():
            items = tuple(evaluate(item, scope) for item in node.items)
            if any(isinstance(item, Sym | Callee) for item in items):
                return Sequence(items, node.is_tuple)
            return Pair(items) if node.is_tuple else items
        case Negated():
            return _negated(node.operator, evaluate(node.operand, scope))
        case Operation():
            return _operation(node, scope)
        case Conditional():
            condition = evaluate(node.condition, scope)
            if isinstance(condition, bool):
                return evaluate(node.then if condition else node.otherwise, scope)
            return Choice(evaluate(node.then, scope), condition, evaluate(node.otherwise, scope))
        case Index():
            return _index(evaluate(node.value, scope), evaluate(node.index, scope))
        case Attribute():
            return _attribute(evaluate(node.value, scope), node.name)
        case Application():
            return _application(node, scope)
    raise Untranslatable(f"{node!r} has no meaning here")


def _negated(operator: str, value: Any) -> Any:
    if operator == "not":
        return not value if isinstance(value, bool) else Not(value)
    if operator == "+":
        return value
    return Neg(value) if isinstance(value, Sym) else -value


def _operation(node: Operation, scope: Scope) -> Any:
    left = evaluate(node.left, scope)
    if node.operator in ("and", "or") and isinstance(left, bool):
        return evaluate(node.right, scope) if left is (node.operator == "and") else left
    right = evaluate(node.right, scope)
    if isinstance(left, Callee) or isinstance(right, Callee):
        return _compared(node.operator, left, right)
    if _is_thing(left) or _is_thing(right):
        if node.operator not in ("==", "!="):
            raise Untranslatable("an op or a block is computed with")
        return (left is right) is (node.operator == "==")
    if node.operator in ("==", "!=") and "list" in (kind_of(left), kind_of(right)):
        raise Untranslatable("lists are compared")
    return binary(node.operator, left, right)


def _compared(operator: str, left: Any, right: Any) -> Any:
    callee, other = (left, right) if isinstance(left, Callee) else (right, left)
    if other is not None or operator not in ("==", "!="):
        raise Untranslatable(f"{callee.name} is compared with another op or block")
    return binary("is" if operator == "==" else "is not", Name(callee.name), None)


def _is_thing(value: Any) -> bool:
    return isinstance(value, Definition | Function) or (isinstance(value, type) and issubclass(value, Op))


def _index(value: Any, index: Any) -> Any:
    if isinstance(value, tuple | Sequence) and isinstance(index, int):
        return (value if isinstance(value, tuple) else value.items)[index]
    return Item(value, index)


AXES = {"batch": 0, "channels": 1, "features": -1, "length": -1, "height": -2, "width": -1, "depth": -3}


def _attribute(value: Any, name: str) -> Any:
    if not isinstance(value, Value):
        raise Untranslatable(f".{name} of what is no value of the network")
    if name == "rank":
        return len(value.dims)
    return value.dims if name == "shape" else value.dims[AXES[name]]


def _application(node: Application, scope: Scope) -> Any:
    callee = evaluate(node.callee, scope)
    if isinstance(callee, str):
        return invoke(callee, [evaluate(given.value, scope) for given in node.arguments])
    if not isinstance(callee, Function):
        raise Untranslatable("what is called in an expression is no function")
    name, kind = scope.file.function(callee)
    arguments = tuple((given.name, evaluate(given.value, scope)) for given in node.arguments)
    places = [parameter.name for parameter in callee.parameters]
    scope.file.called(callee, {named or places[place]: value for place, (named, value) in enumerate(arguments)})
    return Invoke(name, arguments, kind)


def bound(parameters: tuple[Parameter, ...], arguments: tuple[Given, ...]) -> dict[str, Expression]:
    """Which argument is for which parameter."""
    names = [parameter.name for parameter in parameters]
    return {
        given.name or names[place] if place < len(names) or given.name else "": given.value
        for place, given in enumerate(arguments)
    }


def as_whole(value: Any) -> Any:
    """The value where a whole number is wanted: exact divisions as `//`, after all products are made."""
    if isinstance(value, tuple):
        return type(value)(map(as_whole, value)) if isinstance(value, Pair) else tuple(map(as_whole, value))
    if isinstance(value, Choice):
        return Choice(as_whole(value.then), value.condition, as_whole(value.otherwise))
    if isinstance(value, Invoke) and value.kind == "real":
        return Invoke("int", ((None, value),), "int")
    if not isinstance(value, Sym) or not any(_is_division(part) for part in parts(value)):
        return value
    if getattr(value, "operator", "") in ("*", "/"):
        above, below = _fraction(value)
        top, bottom = _all(above), _all(below)
        return top if bottom == 1 else binary("//", top, bottom)
    if getattr(value, "operator", "") in ("+", "-") and hasattr(value, "left"):
        fields = value.values()
        return binary(fields["operator"], as_whole(fields["left"]), as_whole(fields["right"]))
    return value


def _is_division(part: Any) -> bool:
    return getattr(part, "operator", "") == "/" or (isinstance(part, Invoke) and part.kind == "real")


def _fraction(value: Any) -> tuple[list[Any], list[Any]]:
    if getattr(value, "operator", "") in ("*", "/"):
        (a, b), (c, d) = _fraction(value.left), _fraction(value.right)
        return (a + c, b + d) if value.operator == "*" else (a + d, b + c)
    return [as_whole(value)], []


def _all(factors: list[Any]) -> Any:
    found: Any = 1
    for factor in factors:
        found = binary("*", found, factor)
    return found


def reads(value: Any) -> list[Any]:
    """What a symbolic value reads: sizes of inputs, variables, and what modules say of themselves."""
    return [part for part in parts(value) if isinstance(part, Sym | Own)]
