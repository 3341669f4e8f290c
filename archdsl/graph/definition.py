"""What a spec says of a block or a network: the text behind a graph, its names resolved.

A `Graph` is one instance, with numbers in place of expressions and without the arms of conditions that were not taken.
A `Definition` keeps what was written: parameters with their defaults, conditions with both arms, repetition with its
counter, arguments as expressions over parameters and over what comes in. Every name is one of four things: a name of
the definition itself (`Local`), a value of the network (`Named`), a thing of the file (`Reference`), or nothing that is
known, which an arm that no network takes may hold (`Unknown`).

    for stage in definition.body: ...
    definition.parameters[0].default      # Constant(64)

Body and defaults are made when somebody asks for them: a check does not. An op stands as its class, and is not looked
into.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal, TypeAlias

from archdsl.record import Entity, Record
from archdsl.source import Span

# ---- expressions -----------------------------------------------------------------------------------------------------


class Expression(Record):
    """The base of all expressions."""


class Constant(Expression):
    """A number, a string, a truth value or none."""

    value: int | float | str | bool | None


class Local(Expression):
    """A parameter, a counter or an item of a loop, or a symbol of a header or of an input's shape."""

    name: str


class Incoming(Expression):
    """`in`: the value that a stage gets."""


class Word(Expression):
    """A name with the expressions among its parts: `layer{i + 1}`."""

    parts: tuple[str | Expression, ...]

    @property
    def plain(self) -> str | None:
        """The name, where nothing in it is computed."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None


class Named(Expression):
    """A value of the network, by its name."""

    word: Word


class Reference(Expression):
    """An op's class, a `Definition`, a `Function`, or a function of the language by its name."""

    thing: Any


class Unknown(Expression):
    """A name that means nothing; what holds it is never reached."""

    name: str


class Items(Expression):
    """A list or a tuple."""

    items: tuple[Expression, ...]
    is_tuple: bool = False


class Negated(Expression):
    """`-x`, `+x` or `not x`."""

    operator: str
    operand: Expression


class Operation(Expression):
    """`a + b`, `a < b`, `a and b`: two operands; a longer chain of comparisons is one for each, joined by `and`."""

    operator: str
    left: Expression
    right: Expression


class Conditional(Expression):
    """`a if condition else b`."""

    then: Expression
    condition: Expression
    otherwise: Expression


class Index(Expression):
    """`x[i]`."""

    value: Expression
    index: Expression


class Attribute(Expression):
    """`in.channels`, `skip.shape`."""

    value: Expression
    name: str


class Given(Record):
    """An argument, with its name where it is given by name."""

    name: str | None
    value: Expression


class Application(Expression):
    """`f(x, y=1)` inside an expression: a function of the spec, or of the language."""

    callee: Expression
    arguments: tuple[Given, ...]


# ---- bodies ----------------------------------------------------------------------------------------------------------

Names: TypeAlias = "tuple[Word, ...]"


class Step(Entity):
    """The base of what a stage can be."""


class Apply(Step):
    """An op, a block, or a parameter that stands for one; `arguments` are None where no brackets stand behind it."""

    callee: Expression
    arguments: tuple[Given, ...] | None


class ApplyShared(Step):
    """A layer that was declared as shared."""

    name: Word


class Take(Step):
    """The chain goes on from a named value."""

    value: Expression


class Inline(Step):
    """A block's stages, as if they were written here."""

    callee: Expression
    arguments: tuple[Given, ...]


class Join(Step):
    """Arms, and the op that joins what they leave."""

    op: Any
    arguments: tuple[Given, ...]
    arms: tuple[Body, ...]


class Group(Step):
    """Stages in braces: a submodule."""

    body: Body


class Repeat(Step):
    """So many passes; the counter goes from 0."""

    counter: str | None
    count: Expression
    body: Body


class For(Step):
    """A pass for each item of a list. `counter` goes from 0; of several targets each takes a part of the item."""

    counter: str | None
    targets: tuple[str, ...]
    items: Expression
    body: Body


class If(Step):
    """One of two bodies."""

    condition: Expression
    then: Body
    otherwise: Body


class With(Step):
    """Other defaults for ops, for a while: the op, and its arguments by name."""

    defaults: tuple[tuple[Any, tuple[Given, ...]], ...]
    body: Body


class Stage(Entity):
    """A step with the names that stand before it."""

    names: Names
    step: Step
    span: Span


class Shared(Entity):
    """A layer, a block or a group that is declared once, to be applied by its name."""

    name: Word
    step: Step
    span: Span


class InputOf(Entity):
    """An input of a network; `where` is what it states of its sizes."""

    name: str
    kind: Literal["float", "int"]
    sizes: tuple[Expression, ...]
    where: tuple[Expression, ...]
    span: Span


class OutputOf(Entity):
    """A stage whose value is an output, under this name."""

    name: Word
    stages: tuple[Stage, ...]
    span: Span


Statement: TypeAlias = "Stage | Shared | InputOf | OutputOf"
Body: TypeAlias = "tuple[Statement, ...]"


# ---- definitions -----------------------------------------------------------------------------------------------------


class Parameter(Record):
    """A parameter of a definition or a function."""

    name: str
    default: Expression | None = None


class Header(Record):
    """The shapes that a block's first line claims: of what it takes, and of what it leaves."""

    takes: tuple[tuple[Expression, ...], ...]
    leaves: tuple[tuple[Expression, ...], ...]


class Function(Entity):
    """A function of the spec."""

    name: str
    doc: str
    build: Callable[[], tuple[tuple[Parameter, ...], Expression]]

    @cached_property
    def _parts(self) -> tuple[tuple[Parameter, ...], Expression]:
        return self.build()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return self._parts[0]

    @property
    def result(self) -> Expression:
        return self._parts[1]

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<fn {self.name}>"


class Parts(Record):
    """What a definition consists of."""

    parameters: tuple[Parameter, ...]
    header: Header | None
    body: Body


class Definition(Entity):
    """A block or a network, as it is written."""

    kind: Literal["network", "block"]
    name: str
    doc: str
    build: Callable[[], Parts]

    @cached_property
    def _parts(self) -> Parts:
        return self.build()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return self._parts.parameters

    @property
    def header(self) -> Header | None:
        return self._parts.header

    @property
    def body(self) -> Body:
        return self._parts.body

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"


class Made(Entity):
    """A network that is made from another: `network ResNet18 = ResNet(basic, [2, 2, 2, 2])`."""

    name: str
    doc: str
    parameters: tuple[Parameter, ...]
    base: str
    arguments: tuple[Given, ...]


class Origin(Entity):
    """Where the graph of a network comes from: its definition, the families on the way to it, the outermost first, and
    the parameters whose values were set from outside."""

    definition: Definition
    made: tuple[Made, ...] = ()
    settings: frozenset[str] = frozenset()
