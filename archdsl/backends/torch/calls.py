"""Python expressions as data: what a rule says, what the writer compares between instances, and what it prints.

    call("nn.Conv2d", {"in_channels": 1, "out_channels": 6}, kernel_size=5, stride=opt(1, 1))
    # nn.Conv2d(1, 6, kernel_size=5)

Numbers stay values until the last moment, so that instances of a block that differ in them can share a class. An
argument that equals torch's default is left out when it is printed, not before: another instance may need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from archdsl.backends.python.literals import literal, quoted

REQUIRED: Any = object()


class Shown:
    """The base of values that know how they are written."""

    def shown(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True)
class Arg:
    """One argument of a call. `note` is a comment for its line, where it gets a line of its own."""

    name: str
    value: Any
    positional: bool = False
    default: Any = REQUIRED
    note: str = field(default="", compare=False)

    @property
    def omitted(self) -> bool:
        return self.default is not REQUIRED and typed(self.value) == typed(self.default)


@dataclass(frozen=True)
class Call:
    """A call, of a constructor or a function."""

    callee: str
    args: tuple[Arg, ...]


@dataclass(frozen=True)
class Opt:
    """A keyword argument that is left out where it equals torch's default."""

    value: Any
    default: Any


@dataclass(frozen=True)
class Ref:
    """An input of the node, by position."""

    index: int


@dataclass(frozen=True)
class Module:
    """The node's own module, or its own parameter: `self.conv1`."""


@dataclass(frozen=True)
class Name:
    """A name that is printed as it is: `self.training`, `nn.init.zeros_`."""

    text: str


@dataclass(frozen=True)
class Infix:
    """Operands with an operator between them: `a + b + c`."""

    symbol: str
    operands: tuple[Any, ...]


@dataclass(frozen=True)
class Augmented:
    """A statement that writes over its first operand: `a += b`."""

    symbol: str
    target: Any
    operand: Any


@dataclass(frozen=True)
class Items:
    """A list: `[a, b]`."""

    items: tuple[Any, ...]


@dataclass(frozen=True)
class Template:
    """Any other form, with holes by name: `template("{x}.transpose({a}, {b})", x=X, a=1, b=2)`."""

    text: str
    holes: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Varying:
    """A value that is not the same in every instance of a class: one for each of them, in their order."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Passes:
    """A value that changes from pass to pass of a repetition: those of every instance, in their order."""

    values: tuple[tuple[Any, ...], ...]

    @property
    def key(self) -> Any:
        """What tells it from others among the names of what varies."""
        return "passes", typed(self.values)


@dataclass(frozen=True)
class Absent:
    """Stands for a value that an instance of a class does not have, among those of the others; of which argument."""

    argument: str = ""


@dataclass(frozen=True)
class Late:
    """A constructor call that is known once its class is settled."""

    call: Callable[[], Call]


X, MODULE = Ref(0), Module()


def call(callee: str, positional: Mapping[str, Any] | None = None, /, **keywords: Any) -> Call:
    """A call: positional arguments by the names that torch gives them, then the keyword arguments in order.

    call("F.max_pool2d", {"input": X, "kernel_size": 3}, stride=opt(2, 3))      # F.max_pool2d(x, 3, stride=2)
    """
    args = [Arg(name, value, positional=True) for name, value in (positional or {}).items()]
    for name, value in keywords.items():
        given = value if isinstance(value, Opt) else Opt(value, REQUIRED)
        args.append(Arg(name, given.value, default=given.default))
    return Call(callee, tuple(args))


def opt(value: Any, default: Any) -> Opt:
    """A keyword argument and the default that torch gives it."""
    return Opt(value, default)


def template(text: str, **holes: Any) -> Template:
    """An expression that is no call: a method, a slice, a product of transposed factors."""
    return Template(text, tuple(holes.items()))


def size(sizes: Sequence[int]) -> int | tuple[int, ...]:
    """One number for equal sizes along all axes.

    size((3, 3))      # 3
    size((3, 1))      # (3, 1)
    """
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)


def typed(value: Any) -> Any:
    """A key by which values are equal only if they print alike: True is not 1, and 1 is not 1.0."""
    if isinstance(value, tuple | list):
        return (tuple, *map(typed, value))
    return type(value), value


def skeleton(value: Any) -> Any:
    """An expression without its numbers: equal for expressions that one constructor can build."""
    if isinstance(value, Call):
        return value.callee, tuple((arg.name, arg.positional, skeleton(arg.value)) for arg in value.args)
    if isinstance(value, Items):
        return "items", tuple(map(skeleton, value.items))
    if isinstance(value, Name | Ref | Module):
        return value
    return None


def merged(values: Sequence[Any]) -> Any:
    """Expressions of one skeleton as one, with a `Varying` wherever they differ, or an instance has none."""
    present = [value for value in values if not isinstance(value, Absent)]
    first = present[0]
    if isinstance(first, Call):
        return Call(first.callee, tuple(map(_merged_args, _columns(values, lambda value: value.args))))
    if isinstance(first, Items):
        return Items(tuple(map(merged, _columns(values, lambda value: value.items))))
    if all(typed(value) == typed(first) for value in values):
        return first
    return Varying(tuple(values))


def _columns(values: Sequence[Any], parts: Callable[[Any], tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The first part of every value, the second one, and so on."""
    length = next(len(parts(value)) for value in values if not isinstance(value, Absent))
    rows = [(value,) * length if isinstance(value, Absent) else parts(value) for value in values]
    return zip(*rows, strict=True)


def _merged_args(args: tuple[Any, ...]) -> Arg:
    present = [arg for arg in args if not isinstance(arg, Absent)]
    first: Arg = present[0]
    note = first.note if all(arg.note == first.note for arg in present) else ""
    value = merged([Absent(first.name) if isinstance(arg, Absent) else arg.value for arg in args])
    # the default may depend on other arguments; it is left out where every instance would leave it out
    default = value if all(arg.omitted for arg in present) else REQUIRED
    return Arg(first.name, value, first.positional, default, note)


def merged_passes(passes: Sequence[Sequence[Any]]) -> Any:
    """Expressions of one skeleton, several for each instance, as one."""
    return _regrouped(merged([value for own in passes for value in own]), [len(own) for own in passes])


def _regrouped(value: Any, counts: Sequence[int]) -> Any:
    """What varies, instance by instance: `Passes` where it changes within one, `Varying` where it does not."""
    if isinstance(value, Call):
        args = (arg if arg.omitted else replace(arg, value=_regrouped(arg.value, counts)) for arg in value.args)
        return Call(value.callee, tuple(args))
    if isinstance(value, Items):
        return Items(tuple(_regrouped(item, counts) for item in value.items))
    if not isinstance(value, Varying):
        return value
    ends = list(accumulate(counts))
    passes = tuple(value.values[end - count : end] for end, count in zip(ends, counts, strict=True))
    constant = all(typed(item) == typed(own[0]) for own in passes for item in own)
    return Varying(tuple(own[0] for own in passes)) if constant else Passes(passes)


def varying(value: Any, name: str = "") -> list[tuple[str, Varying | Passes]]:
    """Every varying value of an expression with the name of its argument, in order."""
    if isinstance(value, Varying | Passes):
        return [(name, value)]
    if isinstance(value, Call):
        return [found for arg in value.args if not arg.omitted for found in varying(arg.value, arg.name)]
    if isinstance(value, Items):
        return [found for item in value.items for found in varying(item, name)]
    return []


def text(value: Any, inputs: Sequence[str] = (), module: str = "", names: Mapping[Any, str] | None = None) -> str:
    """An expression as Python: `inputs` are the operands, `module` is the node's own, `names` tell varying values."""

    def show(part: Any) -> str:
        return text(part, inputs, module, names)

    printer = _PRINTERS.get(type(value))
    if printer is None and isinstance(value, Shown):
        return value.shown()
    return printer(value, show, inputs, module, names or {}) if printer else literal(value)


def arguments(args: Sequence[Arg], show: Callable[[Any], str]) -> list[str]:
    """The arguments of a call, those that equal their default left out."""
    return [show(a.value) if a.positional else _keyword(a.name, show(a.value)) for a in args if not a.omitted]


def _keyword(name: str, shown: str) -> str:
    """A keyword argument; a path such as `out_proj.weight` goes in as a dictionary does."""
    return f"{name}={shown}" if name.isidentifier() else f"**{{{quoted(name)}: {shown}}}"


_PRINTERS: dict[type, Callable[..., str]] = {
    Call: lambda v, show, *_: f"{v.callee}({', '.join(arguments(v.args, show))})",
    Infix: lambda v, show, *_: f" {v.symbol} ".join(map(show, v.operands)),
    Augmented: lambda v, show, *_: f"{show(v.target)} {v.symbol} {show(v.operand)}",
    Items: lambda v, show, *_: f"[{', '.join(map(show, v.items))}]",
    Template: lambda v, show, *_: v.text.format(**{name: show(hole) for name, hole in v.holes}),
    Name: lambda v, *_: str(v.text),
    Late: lambda v, show, *_: show(v.call()),
    Ref: lambda v, _, inputs, *rest: str(inputs[v.index]),
    Module: lambda v, _, inputs, module, names: str(module),
    Varying: lambda v, _, inputs, module, names: str(names[typed(v.values)]),
    Passes: lambda v, _, inputs, module, names: str(names[v.key]),
}
