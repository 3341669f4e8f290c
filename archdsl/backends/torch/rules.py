"""The table of torch rules: how each op is constructed, and how it is written in `forward`.

A rule is one function, keyed by the op's class; `missing()` names the ops that have none. It gets the op and the shapes
of its inputs, and answers with a `Lowering`:

    @lowers(Relu)
    def relu(op: Relu, x: Shape) -> Lowering:
        return layer(call("nn.ReLU"), run=call("F.relu", {"input": X}))

An op with weights is a `layer`; one that an engineer would write in `forward` as well gives that form in `run`; one
that torch has no module for, such as a sum, is an `expression`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

from archdsl.backends.torch.calls import Call
from archdsl.backends.torch.initial import initialized
from archdsl.graph.nodes import Apply
from archdsl.graph.once import once
from archdsl.ops import OPS, Op
from archdsl.ops.init import Init

InPlaceIn: TypeAlias = Literal["inference", "training", None]


@dataclass(frozen=True)
class Lowering:
    """How an op is written.

    `make` constructs its module and `use` applies it (None: calls it with the inputs). `run` is the form that needs no
    module. `starts` are torch's own first values of the parameters; where the op's differ, they are set. None says
    that they never differ. `in_place` is for what torch can write over its input: in inference alone, or in training
    too, where its gradient is computed from the result.
    """

    make: Call | None
    run: Any = None
    use: Any = None
    starts: Mapping[str, Init] | None = None
    in_place: InPlaceIn = None

    @property
    def is_called(self) -> bool:
        """Whether the module is simply called, as `nn.Sequential` does."""
        return self.make is not None and self.use is None


def layer(
    make: Call,
    *,
    run: Any = None,
    use: Any = None,
    starts: Mapping[str, Init] | None = None,
    in_place: InPlaceIn = None,
) -> Lowering:
    """An op that is a module, and possibly also an expression (`run`)."""
    return Lowering(make, run, use, starts, in_place)


def expression(run: Any) -> Lowering:
    """An op without a module of its own."""
    return Lowering(None, run)


def parameter(make: Call, use: Any) -> Lowering:
    """An op that learns one tensor held by the body itself: `make` is the `nn.Parameter`, `use` what is done with it.

    parameter(call("nn.Parameter", {"data": call("torch.zeros", {"size": 64})}), use=Infix("*", (X, MODULE)))
    """
    return Lowering(make, None, use)


Rule = Callable[..., Lowering]
RULES: dict[type[Op], Rule] = {}
AnyRule = TypeVar("AnyRule", bound=Rule)


def lowers(op: type[Op]) -> Callable[[AnyRule], AnyRule]:
    """Enter a function into the table as the rule of an op."""

    def enter(rule: AnyRule) -> AnyRule:
        assert op not in RULES, f"{op.name} has two torch rules"
        RULES[op] = rule
        return rule

    return enter


@once
def lower(node: Apply) -> Lowering:
    """The lowering of a node, its first values included."""
    assert type(node.op) in RULES, f"{node.op.name} has no torch rule"
    shapes = [value.shape for value in node.inputs]
    found = RULES[type(node.op)](node.op, *shapes)
    if found.make is None or found.starts is None:
        return found
    return Lowering(initialized(node.op, found.make, node.op.params(*shapes), found.starts), found.run, found.use)


def missing() -> list[str]:
    """The ops of the language that torch has no rule for."""
    return [name for name, op in OPS.items() if op not in RULES]
