"""Which kernel an op runs, and with which options: the one of its own name with its arguments, or what a rule says.

    lower(Conv(channels=6, kernel=(5, 5), padding=(2, 2)))      # Call(conv, {"padding": 2})

Options that equal the kernel's defaults are left out, and sizes that are the same on every axis become one number, so
that emitted code stays short. Weights need no rule: a kernel names them as the op's `params` do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from inspect import Parameter, signature
from typing import Any, TypeAlias, TypeVar

from archdsl.backends.numpy import weights
from archdsl.graph.nodes import Apply
from archdsl.graph.once import once
from archdsl.ops import OPS, Op
from archdsl.ops.init import Constant, Init, Normal, Uniform
from archdsl.sizes.shape import Shape

Kernel: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class Call:
    """A kernel with its options; `context` names what it takes from the pass: `train`, `rng`."""

    kernel: Kernel
    options: Mapping[str, Any] = field(default_factory=dict)
    context: tuple[str, ...] = ()


@dataclass(frozen=True)
class Closure:
    """A function that another one makes of options: emitted text has `to_elu(alpha=0.5)` in its place."""

    by: Kernel
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(self, *arguments: Any) -> Any:
        return self.by(**dict(self.options))(*arguments)


def functions(value: Any) -> tuple[Kernel, ...]:
    """The functions that emitted text names where this option stands."""
    if isinstance(value, Closure):
        return (value.by, *(each for _, option in value.options for each in functions(option)))
    return (value,) if callable(value) else ()


KERNELS = f"{__name__.rpartition('.')[0]}.kernels"

AnyOp = TypeVar("AnyOp", bound=Op)

RULES: dict[type[Op], Callable[..., Call]] = {}
SHAPED: set[type[Op]] = set()
"""The ops whose rules are told the shapes of the inputs too."""


def lowers(kind: type[AnyOp]) -> Callable[[Callable[[AnyOp], Call]], Callable[[AnyOp], Call]]:
    """Enter a function into the table as the rule of an op."""

    def enter(rule: Callable[[AnyOp], Call]) -> Callable[[AnyOp], Call]:
        assert kind not in RULES, f"{kind.name} has two rules"
        RULES[kind] = rule
        return rule

    return enter


def lowers_by_shape(kind: type[AnyOp]) -> Callable[[Callable[..., Call]], Callable[..., Call]]:
    """Enter a function into the table as the rule of an op, to be told the shapes of the op's inputs as well."""
    SHAPED.add(kind)
    return lowers(kind)


def lower(op: Op, *xs: Shape) -> Call:
    """The kernel call of an op on inputs of these shapes: by its rule, or on the kernel of its own name."""
    if type(op) in RULES:
        return RULES[type(op)](op, *xs) if type(op) in SHAPED else RULES[type(op)](op)
    kernel = of_the_same_name(type(op))
    assert kernel is not None, f"{op.name} has no kernel"
    takes = _taken(kernel)
    return call(kernel, **{name: value for name, value in op.values().items() if _by_keyword(takes.get(name))})


def of_the_same_name(kind: type[Op]) -> Kernel | None:
    """The kernel that is called like an op, in the file that is called like the op's; it takes what the op has."""
    name = f"{KERNELS}.{kind.__module__.rpartition('.')[2]}"
    try:
        return getattr(import_module(name), kind.name, None)
    except ModuleNotFoundError:
        return None


@once
def lowered(node: Apply) -> Call:
    """The kernel call of a node, on inputs of the shapes that it has been given."""
    return lower(node.op, *(value.shape for value in node.inputs))


def missing() -> list[str]:
    """The ops of the language that nothing computes yet."""
    return [name for name, kind in OPS.items() if kind not in RULES and of_the_same_name(kind) is None]


def call(kernel: Kernel, /, **options: Any) -> Call:
    """A kernel with the options that it does not have by default.

    call(conv, stride=(2, 2), padding=(0, 0))      # Call(conv, {"stride": 2})
    """
    takes = _taken(kernel)
    short = {name: _short(value) for name, value in options.items()}
    kept = {name: value for name, value in short.items() if value != takes[name].default}
    return Call(kernel, kept, tuple(name for name in CONTEXT if _by_keyword(takes.get(name))))


@lru_cache(maxsize=1 << 10)
def _taken(kernel: Kernel) -> Mapping[str, Parameter]:
    """What a kernel takes."""
    return signature(kernel).parameters


CONTEXT = ("train", "rng")


def _by_keyword(parameter: Parameter | None) -> bool:
    return parameter is not None and parameter.kind is Parameter.KEYWORD_ONLY


def _short(value: Any) -> Any:
    return value[0] if type(value) is tuple and len(set(value)) == 1 else value


DRAWS: dict[type[Init], tuple[Callable[..., weights.Draw], tuple[str, ...]]] = {
    Constant: (weights.constant, ("value",)),
    Uniform: (weights.uniform, ("bound",)),
    Normal: (weights.normal, ("deviation",)),
}
"""How first values are drawn: a function, and the facts of the init that it takes."""


def drawing(init: Init) -> tuple[Callable[..., weights.Draw], tuple[Any, ...]]:
    """The function that draws, and its arguments.

    drawing(Uniform(0.2))      # (uniform, (0.2,))
    """
    function, facts = DRAWS[type(init)]
    return function, tuple(getattr(init, fact) for fact in facts)
