"""Where the elaborator is in a spec, and what all of one run share.

A stage function takes a step of the tree, a `Context` and the current value, and returns the value that the step
leaves. It hands bodies back to `walk`, which finds the function of each kind of step in the run's table: so no file
of stages knows the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from archdsl.diagnostics import Diagnostic
from archdsl.elaborate.bind import Defaults
from archdsl.elaborate.evaluate import Environment, Steps
from archdsl.elaborate.module import ModuleBuilder
from archdsl.elaborate.recovery import RecoveryShapes
from archdsl.elaborate.scope import ExpansionTrace, Scope
from archdsl.elaborate.values import ValueRef
from archdsl.graph.needs import Needs, positive_sizes
from archdsl.graph.nodes import Apply, Call, Graph
from archdsl.limits import limits
from archdsl.ops import Op
from archdsl.record import Entity
from archdsl.sizes.fact import Fact
from archdsl.sizes.prove import NOTHING_KNOWN
from archdsl.sizes.shape import Shape
from archdsl.syntax import tree

POISON = ValueRef(None)
Names: TypeAlias = tuple[tree.LayerName, ...]
StepRule: TypeAlias = "Callable[[Any, Context, ValueRef | None, Names], ValueRef | None]"
StatementRule: TypeAlias = "Callable[[Any, Context, ValueRef | None], ValueRef | None]"


class Rules(Entity):
    """The function of each kind of step and statement, by the class of the tree."""

    steps: Mapping[type[tree.Tree], StepRule]
    statements: Mapping[type[tree.Tree], StatementRule]


class Run:
    """What one run of the elaborator shares: its rules, the problems so far, what it may still do, what it made."""

    def __init__(self, rules: Rules, problems: list[Diagnostic], parametric: bool = False) -> None:
        self.rules = rules
        self.problems = problems
        self.parametric = parametric
        """Whether parameters may be free: then weights may have sizes that are not fixed."""
        self.wrong: set[Any] = set()
        """Names with a wrong value that were told."""
        self.steps = Steps()
        self.passes = limits().stages
        """Passes of repetitions that are left."""
        self.recovery = RecoveryShapes()
        self.blocks: dict[Any, Graph | None] = {}
        """The blocks that were expanded, by their arguments and the shapes that they were given."""
        self.ops: dict[Any, Op] = {}
        """The ops that were made, by what they were made from."""
        self.learning: dict[tuple[Op, tuple[Shape, ...]], bool] = {}
        """Whether an op on values of these shapes owns weights."""
        self.known = NOTHING_KNOWN
        """What is known of free sizes: what the inputs so far state of them, and what the stages so far need."""
        self.made: list[Apply | Call] = []
        """The nodes whose needs are not counted yet."""
        self._needs = Needs()

    def needs(self) -> tuple[Fact, ...]:
        """What the stages so far need of the free sizes; worked out where a proof asks for it."""
        for node in self.made:
            self._needs.add(positive_sizes(node))
        self.made.clear()
        return self._needs.facts()


class Context(Entity):
    """The surroundings of a statement: the names in sight, the module that it adds to, the defaults in force, the way
    to it; `depth` counts the blocks and groups around it."""

    run: Run
    scope: Scope
    module: ModuleBuilder
    defaults: Mapping[str, Defaults]
    trace: ExpansionTrace | None = None
    depth: int = 0


def environment(context: Context, current: ValueRef | None) -> Environment:
    """What an expression can see here."""
    return Environment(
        context.scope,
        context.run.steps,
        current.value if current else None,
        current is not None,
        context.module.find,
        context.module.named,
        context.module.inside,
        context.run.known,
    )
