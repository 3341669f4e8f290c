"""What compile-time expressions can be: numbers, texts, lists, sizes, and references to things of the spec."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from archdsl.diagnostics import Problem
from archdsl.elaborate.scope import Constant, FileScope
from archdsl.graph.nodes import Value
from archdsl.ops import Op
from archdsl.ops.init import Initializer
from archdsl.record import Record
from archdsl.sizes.dim import Dim, Expr
from archdsl.sizes.shape import Shape
from archdsl.syntax import tree


class WrongType(Problem):
    """A value of another kind is needed.

    conv(8, kernel="big")      # error[wrong-type]
    conv(8, kernel=7)          # good
    """

    code = "wrong-type"
    message = "{what} must be {expected}, and is {found}"
    what: str
    expected: str
    found: str
    hint: str = ""

    def help(self) -> str:
        return self.hint


class OutOfRange(Problem):
    """A number is too small or too large for what it says.

    conv(8, kernel=0)      # error[out-of-range]: at least 1
    conv(8, kernel=1)      # good
    """

    code = "out-of-range"
    message = "{what} must be {bounds}, and is {found}"
    what: str
    bounds: str
    found: str
    hint: str = ""

    def help(self) -> str:
        return self.hint


class Quotient(Record):
    """A division that did not come out even (yet): `ceil`, `floor` and `round` settle it."""

    numerator: Dim
    divisor: int

    def __str__(self) -> str:
        top = f"({self.numerator})" if isinstance(self.numerator, Expr) and self.numerator.is_sum else self.numerator
        return f"{top} / {self.divisor}"


class BlockRef(Record):
    """A block, and the file that it stands in."""

    block: tree.Block
    home: FileScope

    def __str__(self) -> str:
        return self.block.name.name


class NetworkRef(Record):
    """A network, and the file that it stands in."""

    network: tree.Network | tree.Family
    home: FileScope

    def __str__(self) -> str:
        return self.network.name.name


class FunctionRef(Record):
    """A function that the spec defines."""

    function: tree.Function
    home: FileScope

    def __str__(self) -> str:
        return self.function.name.name


class OpRef(Record):
    """An op, as an argument for a block."""

    op: type[Op]

    def __str__(self) -> str:
        return self.op.name


class Builtin(Record):
    """A function of the language."""

    name: str
    run: Callable[..., Any]

    def __str__(self) -> str:
        return self.name


class ValueRef(Record):
    """A value of the network; None where it is unknown because of a mistake that was reported."""

    value: Value | None

    @property
    def shape(self) -> Shape | None:
        return self.value.shape if self.value else None

    def __str__(self) -> str:
        return str(self.shape or "a value")


def extent(value: Constant, most: int) -> int:
    """How many items a list has, those of the lists inside it counted as often as they stand there.

    extent(((1, 2), 3), 10)      # 4

    Counting ends past `most`: lists that hold one list twice, which holds one twice, are as long as a tree of them.
    """
    if not isinstance(value, tuple):
        return 0
    found, waiting = 0, [value]
    while waiting:
        items = waiting.pop()
        found += len(items)
        if found > most:
            break
        waiting += [item for item in items if isinstance(item, tuple)]
    return found


def tensors(value: Constant) -> Iterator[ValueRef]:
    """The values of the network that a value of the language is or holds, in their order."""
    if isinstance(value, ValueRef):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from tensors(item)


def with_tensors(value: Constant, change: Callable[[ValueRef], ValueRef]) -> Constant:
    """A value of the language with other values of the network in it; itself where it holds none."""
    if isinstance(value, ValueRef):
        return change(value)
    if isinstance(value, tuple) and next(tensors(value), None) is not None:
        return tuple([with_tensors(item, change) for item in value])
    return value


def kind(value: Constant) -> str:
    """What a value is, for a message."""
    for types, word in KINDS:
        if isinstance(value, types):
            return word
    raise AssertionError(f"{value!r} is no value of the language")


KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "a truth value"),
    (int, "an integer"),
    (Expr, "a size"),
    (Quotient, "a fraction"),
    (float, "a number with a point"),
    (str, "a string"),
    (type(None), "none"),
    (tuple, "a list"),
    (BlockRef, "a block"),
    (NetworkRef, "a network"),
    (FunctionRef, "a function"),
    (OpRef, "an op"),
    (Builtin, "a function"),
    (Initializer, "an initializer"),
    (ValueRef, "a value of the network"),
)


def show(value: Constant, depth: int = 4) -> str:
    """A value as a spec would write it; of lists inside lists the outer ones."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "none"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        if not depth:
            return "[…]"
        shown = [show(item, depth - 1) for item in value[:8]] + ["…"] * (len(value) > 8)
        return f"[{', '.join(shown)}]"
    return str(value)


def described(value: Constant) -> str:
    """The value and what it is: `the string "big"`."""
    if value is None:
        return "none"
    word = kind(value).removeprefix("a ").removeprefix("an ")
    return f"the {word} {show(value)}" if not isinstance(value, ValueRef) else f"a value of shape {value}"
