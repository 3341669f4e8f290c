"""The typed tree of a spec: what was written, and where.

Every node is frozen and carries its span. The tree knows no op and no meaning; names are not resolved, numbers not
computed. Chains of one precedence are flat, so that long sums are not deep trees.
"""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.record import Entity, Record
from archdsl.source import Source, Span


class Tree(Entity):
    """The base of all nodes; two nodes that look alike are two."""

    span: Span


# ---- expressions -----------------------------------------------------------------------------------------------------


class Literal(Tree):
    """A number, a string, a truth value or none."""

    value: int | float | str | bool | None


class Name(Tree):
    """A name used as a value."""

    name: str


class Incoming(Tree):
    """`in`: the value that the stage gets."""


class Sequence(Tree):
    """A list or a tuple."""

    items: tuple[Expression, ...]
    is_tuple: bool = False


class Unary(Tree):
    """`-x`, `+x` or `not x`."""

    operator: str
    operand: Expression


class Chained(Tree):
    """Operands of one precedence in a row: `a + b - c`, `a * b // c`, `a < b == c`, `a and b`, `a ** b`."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]


class Conditional(Tree):
    """`a if condition else b`."""

    then: Expression
    condition: Expression
    otherwise: Expression


class Index(Tree):
    """`x[i]`."""

    value: Expression
    index: Expression


class Attribute(Tree):
    """`x.name`."""

    value: Expression
    name: str


class CallExpression(Tree):
    """`f(x, y=1)` inside an expression."""

    callee: Expression
    arguments: tuple[Argument, ...]


class Argument(Tree):
    """One argument, with its name where it is given by name."""

    name: str | None
    value: Expression


class LayerName(Tree):
    """A written name of a layer or a value; expressions in braces stand among its parts: `layer{i + 1}`."""

    parts: tuple[str | Expression, ...]


Expression = (
    Literal
    | Name
    | Incoming
    | Sequence
    | Unary
    | Chained
    | Conditional
    | Index
    | Attribute
    | CallExpression
    | LayerName
)


# ---- bodies ----------------------------------------------------------------------------------------------------------


class Apply(Tree):
    """An op, a block or a shared layer to apply, or a value to start from: `relu`, `conv(64, kernel=3)`, `skip{i}`."""

    name: LayerName
    arguments: tuple[Argument, ...] | None


class Inline(Tree):
    """`inline vgg_block(2, 64)`: the stages of a block, as if they were written here."""

    name: LayerName
    arguments: tuple[Argument, ...] | None


class Branch(Tree):
    """A join and its arms: `add { | a | b }`."""

    name: LayerName
    arguments: tuple[Argument, ...] | None
    arms: tuple[Body, ...]


class Group(Tree):
    """Stages in braces: a submodule."""

    body: Body


class Repeat(Tree):
    """`repeat n { … }`, `repeat i in n { … }`."""

    counter: Name | None
    count: Expression
    body: Body


class For(Tree):
    """`for x in list { … }`; a target of several names unpacks."""

    targets: tuple[tuple[Name, ...], ...]
    items: Expression
    body: Body


class If(Tree):
    """`if … { … } else { … }`, decided when compiling."""

    condition: Expression
    then: Body
    otherwise: Body | If | None


class With(Tree):
    """`with conv(bias=false) { … }`: other defaults for a while."""

    defaults: tuple[Apply, ...]
    body: Body


class Broken(Tree):
    """What could not be read; it has been reported."""


Step = Apply | Inline | Branch | Group | Repeat | For | If | With | Broken


class Link(Tree):
    """One step of a chain, with its names and its contract."""

    names: tuple[LayerName, ...]
    step: Step
    contract: Sequence | None


class Chain(Tree):
    """Steps that pass a value on."""

    links: tuple[Link, ...]


class InputDeclaration(Tree):
    """`input image: [N, 3, H, W] where H >= 32`."""

    name: Name
    kind: str
    shape: Sequence
    where: tuple[Expression, ...]


class Output(Tree):
    """`output logits = linear(10)`: the last link's name is the output's."""

    chain: Chain


class Expect(Tree):
    """`expect params == 61_706`."""

    claim: Expression


class Shared(Tree):
    """`shared head = linear(10)`: a layer that is applied by its name, with the same weights each time."""

    name: LayerName
    step: Apply | Group


Statement = InputDeclaration | Output | Expect | Shared | Chain


class Body(Tree):
    """Statements between braces, or in an arm."""

    statements: tuple[Statement, ...]


def own_bodies(step: Step) -> Iterator[Body]:
    """The bodies of a step whose stages and names belong to the module around it; those of a group do not."""
    if isinstance(step, Repeat | For | With):
        yield step.body
    elif isinstance(step, Branch):
        yield from step.arms
    elif isinstance(step, If):
        yield step.then
        if isinstance(step.otherwise, If):
            yield from own_bodies(step.otherwise)
        elif step.otherwise is not None:
            yield step.otherwise


# ---- files -----------------------------------------------------------------------------------------------------------


class Parameter(Tree):
    """A parameter of a block, a network or a function."""

    name: str
    default: Expression | None


class Import(Tree):
    """`from "blocks.arch" import basic, bottleneck`."""

    path: Literal
    names: tuple[Name, ...]


class Signature(Tree):
    """A contract on a block's header: shapes in, shapes out."""

    inputs: tuple[Sequence, ...]
    outputs: tuple[Sequence, ...]


class Block(Tree):
    """`block name(parameters) { … }`."""

    name: Name
    parameters: tuple[Parameter, ...]
    signature: Signature | None
    body: Body
    doc: str = ""


class Network(Tree):
    """`network Name(parameters) { … }`."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: Body
    doc: str = ""


class Family(Tree):
    """`network Name = Other(arguments) { expect … }`: a network made from another."""

    name: Name
    parameters: tuple[Parameter, ...]
    base: Expression
    body: Body | None
    doc: str = ""


class Function(Tree):
    """`fn name(parameters) = expression`."""

    name: Name
    parameters: tuple[Parameter, ...]
    result: Expression
    doc: str = ""


Item = Import | Block | Network | Family | Function | Broken


class File(Record):
    """A whole spec. `lost` are names of items that could not be read, so that their uses aren't reported too."""

    source: Source
    items: tuple[Item, ...]
    lost: frozenset[str] = frozenset()
