"""What a spec says, with its names resolved: from the tree of a block or a network to its `Definition`.

Takes the tree and the scope of its file, computes nothing, and refuses nothing: what means nothing, in an arm that no
network takes, becomes `Unknown`. Each block, function and network of a file has one definition, and its parts are made
when they are asked for.

A name is looked up as the expander does it: a shared layer; a parameter, a counter or a symbol; a named value; a thing
of the file; a function of the language; an op.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from archdsl.elaborate.builtins import BUILTINS
from archdsl.elaborate.scope import FileScope
from archdsl.elaborate.values import BlockRef, FunctionRef, NetworkRef, OpRef
from archdsl.graph.definition import (
    Application,
    Apply,
    ApplyShared,
    Attribute,
    Body,
    Conditional,
    Constant,
    Definition,
    Expression,
    For,
    Function,
    Given,
    Group,
    Header,
    If,
    Incoming,
    Index,
    Inline,
    InputOf,
    Items,
    Join,
    Local,
    Made,
    Named,
    Negated,
    Operation,
    Origin,
    OutputOf,
    Parameter,
    Parts,
    Reference,
    Repeat,
    Shared,
    Stage,
    Statement,
    Step,
    Take,
    Unknown,
    With,
    Word,
)
from archdsl.ops import OPS
from archdsl.record import Entity, replace
from archdsl.syntax import tree


class _Names(Entity):
    """The names in sight: those of the definition itself, its values, and its shared layers."""

    home: FileScope
    locals: frozenset[str]
    named: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()

    def with_locals(self, names: Iterable[str]) -> _Names:
        return replace(self, locals=self.locals | frozenset(names))


def definition(ref: BlockRef | NetworkRef) -> Definition:
    """The definition of a block, or of a network that is no family; always the same one."""
    item = ref.block if isinstance(ref, BlockRef) else ref.network
    assert isinstance(item, tree.Block | tree.Network)
    known = ref.home.definitions
    if item not in known:
        kind: Any = "block" if isinstance(item, tree.Block) else "network"
        known[item] = Definition(kind, item.name.name, item.doc, lambda: _parts(item, ref.home))
    found: Definition = known[item]
    return found


def function(ref: FunctionRef) -> Function:
    """The definition of a function."""
    known, item = ref.home.definitions, ref.function
    if item not in known:
        known[item] = Function(item.name.name, item.doc, lambda: _function(item, ref.home))
    found: Function = known[item]
    return found


def origin(ref: NetworkRef, settings: Iterable[str]) -> Origin:
    """Where a network comes from, through all the families on the way to its definition."""
    made: list[Made] = []
    while isinstance(ref.network, tree.Family):
        family, names = ref.network, _Names(ref.home, frozenset())
        call = family.base
        callee = call.callee if isinstance(call, tree.CallExpression) else call
        assert isinstance(callee, tree.Name)
        base = ref.home.names[callee.name]
        assert isinstance(base, NetworkRef)
        given = call.arguments if isinstance(call, tree.CallExpression) else ()
        inside = names.with_locals(parameter.name for parameter in family.parameters)
        parameters = _parameters(family.parameters, names)
        made.append(Made(family.name.name, family.doc, parameters, base.network.name.name, _given(given, inside)))
        ref = base
    return Origin(definition(ref), tuple(made), frozenset(settings))


def meant(value: Any) -> Any:
    """A value of the language as a graph keeps it: a block as its definition, an op as its class."""
    if isinstance(value, BlockRef):
        return definition(value)
    if isinstance(value, FunctionRef):
        return function(value)
    if isinstance(value, tuple):
        return tuple(map(meant, value))
    return value


def _parts(item: tree.Block | tree.Network, home: FileScope) -> Parts:
    outside = _Names(home, frozenset())
    names = outside.with_locals(parameter.name for parameter in item.parameters)
    header = None
    if isinstance(item, tree.Block) and item.signature:
        names = names.with_locals(_symbols(item.signature.inputs, names))
        takes, leaves = (
            tuple(tuple(_expression(size, names) for size in shape.items) for shape in shapes)
            for shapes in (item.signature.inputs, item.signature.outputs)
        )
        header = Header(takes, leaves)
    shapes = [s.shape for s in item.body.statements if isinstance(s, tree.InputDeclaration)]
    names = names.with_locals(_symbols(shapes, names))
    return Parts(_parameters(item.parameters, outside), header, _module(item.body, names))


def _function(item: tree.Function, home: FileScope) -> tuple[tuple[Parameter, ...], Expression]:
    outside = _Names(home, frozenset())
    names = outside.with_locals(parameter.name for parameter in item.parameters)
    return _parameters(item.parameters, outside), _expression(item.result, names)


def _parameters(parameters: tuple[tree.Parameter, ...], names: _Names) -> tuple[Parameter, ...]:
    """Parameters with their defaults, each of which sees those before it."""
    found: list[Parameter] = []
    for parameter in parameters:
        inside = names.with_locals(before.name for before in found)
        default = None if parameter.default is None else _expression(parameter.default, inside)
        found.append(Parameter(parameter.name, default))
    return tuple(found)


def _symbols(shapes: Iterable[tree.Sequence], names: _Names) -> Iterator[str]:
    """The names in shapes that nothing has yet: symbols."""
    for shape in shapes:
        yield from (item.name for item in shape.items if isinstance(item, tree.Name) and item.name not in names.locals)


# ---- bodies ----------------------------------------------------------------------------------------------------------


def _module(body: tree.Body, names: _Names) -> Body:
    """The body of a module of its own: its names are collected first, since a loop may use those of an earlier pass."""
    values = (word for word in _labels(body) if not _is_callable(word, names))
    shared = frozenset(_declared(body))
    return _body(body, replace(names, named=names.named | frozenset(values) - shared, shared=shared))


def _is_callable(word: str, names: _Names) -> bool:
    """Whether a name is that of an op or a block, so that it is only a key in front of a stage."""
    return isinstance(names.home.names.get(word), BlockRef | OpRef) or (word in OPS and word not in names.home.names)


def _labels(body: tree.Body) -> Iterator[str]:
    """The names that are given in a body, in its arms and passes too; not those in its groups."""
    for statement in body.statements:
        if isinstance(statement, tree.InputDeclaration):
            yield statement.name.name
        chain = statement.chain if isinstance(statement, tree.Output) else statement
        for link in chain.links if isinstance(chain, tree.Chain) else ():
            yield from (name.parts[0] for name in link.names if isinstance(name.parts[0], str) and len(name.parts) == 1)
            for inner in tree.own_bodies(link.step):
                yield from _labels(inner)


def _declared(body: tree.Body) -> Iterator[str]:
    for statement in body.statements:
        if isinstance(statement, tree.Shared) and isinstance(statement.name.parts[0], str):
            yield statement.name.parts[0]
        for link in statement.links if isinstance(statement, tree.Chain) else ():
            for inner in tree.own_bodies(link.step):
                yield from _declared(inner)


def _body(body: tree.Body, names: _Names) -> Body:
    return tuple(made for statement in body.statements for made in _statement(statement, names))


def _statement(statement: tree.Statement, names: _Names) -> Iterator[Statement]:
    if isinstance(statement, tree.Chain):
        yield from _chain(statement, names)
    elif isinstance(statement, tree.Shared):
        yield Shared(_word(statement.name, names), _step(statement.step, names), statement.span)
    elif isinstance(statement, tree.InputDeclaration):
        sizes = tuple(_expression(size, names) for size in statement.shape.items)
        where = tuple(_expression(clause, names) for clause in statement.where)
        kind: Any = "int" if statement.kind == "int" else "float"
        yield InputOf(statement.name.name, kind, sizes, where, statement.span)
    elif isinstance(statement, tree.Output):
        last = statement.chain.links[-1]
        name = last.names[-1] if last.names else last.step.name if isinstance(last.step, tree.Apply) else None
        word = _word(name, names) if name else Word(("out",))
        yield OutputOf(word, tuple(_chain(statement.chain, names)), statement.span)


def _chain(chain: tree.Chain, names: _Names) -> Iterator[Stage]:
    for link in chain.links:
        words = tuple(_word(name, names) for name in link.names)
        yield Stage(words, _step(link.step, names), link.step.span)


def _step(step: tree.Step, names: _Names) -> Step:
    if isinstance(step, tree.Apply):
        return _apply(step, names)
    if isinstance(step, tree.Inline):
        return Inline(_callee(step.name, names), _given(step.arguments or (), names))
    if isinstance(step, tree.Branch):
        callee = _callee(step.name, names)
        op = callee.thing if isinstance(callee, Reference) else callee
        return Join(op, _given(step.arguments or (), names), tuple(_body(arm, names) for arm in step.arms))
    if isinstance(step, tree.Group):
        return Group(_module(step.body, replace(names, shared=frozenset())))
    if isinstance(step, tree.Repeat):
        counter = step.counter.name if step.counter else None
        inside = names.with_locals([counter] if counter else [])
        return Repeat(counter, _expression(step.count, names), _body(step.body, inside))
    if isinstance(step, tree.For):
        counter = step.targets[0][0].name if len(step.targets) == 2 else None
        targets = tuple(name.name for name in step.targets[-1])
        inside = names.with_locals([*targets, *([counter] if counter else [])])
        return For(counter, targets, _expression(step.items, names), _body(step.body, inside))
    if isinstance(step, tree.If):
        return _if(step, names)
    if isinstance(step, tree.With):
        defaults = ((_callee(default.name, names), default.arguments or ()) for default in step.defaults)
        found = tuple((c.thing if isinstance(c, Reference) else c, _given(given, names)) for c, given in defaults)
        return With(found, _body(step.body, names))
    return Apply(Unknown("…"), None)


def _if(step: tree.If, names: _Names) -> If:
    otherwise: Body = ()
    if isinstance(step.otherwise, tree.If):
        otherwise = (Stage((), _if(step.otherwise, names), step.otherwise.span),)
    elif step.otherwise is not None:
        otherwise = _body(step.otherwise, names)
    return If(_expression(step.condition, names), _body(step.then, names), otherwise)


def _apply(step: tree.Apply, names: _Names) -> Step:
    word = _word(step.name, names)
    arguments = None if step.arguments is None else _given(step.arguments, names)
    if arguments is None and (word.plain in names.shared or (word.plain is None and _may_be(word, names.shared))):
        return ApplyShared(word)
    if word.plain is None:
        return Take(Named(word))
    if word.plain not in names.locals and word.plain in names.named and arguments is None:
        return Take(Named(word))
    return Apply(_callee(step.name, names), arguments)


def _may_be(word: Word, shared: frozenset[str]) -> bool:
    """Whether a computed name may be that of a shared layer."""
    first = word.parts[0]
    return any(name.startswith(first) if isinstance(first, str) else True for name in shared)


def _callee(name: tree.LayerName, names: _Names) -> Expression:
    """What a stage applies: a parameter, or a thing of the file, or an op."""
    word = name.parts[0]
    if len(name.parts) > 1 or not isinstance(word, str):
        return Unknown("{…}")
    if word in names.locals:
        return Local(word)
    if word in names.home.names:
        return Reference(_thing(names.home.names[word]))
    return Reference(OPS[word]) if word in OPS else Unknown(word)


def _thing(value: Any) -> Any:
    if isinstance(value, NetworkRef):
        return value.network.name.name
    return value.op if isinstance(value, OpRef) else meant(value)


# ---- expressions -----------------------------------------------------------------------------------------------------


def _given(arguments: Iterable[tree.Argument], names: _Names) -> tuple[Given, ...]:
    return tuple(Given(argument.name, _expression(argument.value, names)) for argument in arguments)


def _word(name: tree.LayerName, names: _Names) -> Word:
    return Word(tuple(part if isinstance(part, str) else _expression(part, names) for part in name.parts))


def _expression(node: tree.Expression, names: _Names) -> Expression:
    if isinstance(node, tree.Literal):
        return Constant(node.value)
    if isinstance(node, tree.Name):
        return _name(node.name, names)
    if isinstance(node, tree.LayerName):
        return Named(_word(node, names))
    if isinstance(node, tree.Incoming):
        return Incoming()
    if isinstance(node, tree.Sequence):
        return Items(tuple(_expression(item, names) for item in node.items), node.is_tuple)
    if isinstance(node, tree.Unary):
        return Negated(node.operator, _expression(node.operand, names))
    if isinstance(node, tree.Chained):
        return _chained(node, names)
    if isinstance(node, tree.Conditional):
        return Conditional(*(_expression(part, names) for part in (node.then, node.condition, node.otherwise)))
    if isinstance(node, tree.Index):
        return Index(_expression(node.value, names), _expression(node.index, names))
    if isinstance(node, tree.Attribute):
        return Attribute(_expression(node.value, names), node.name)
    return Application(_expression(node.callee, names), _given(node.arguments, names))


def _name(name: str, names: _Names) -> Expression:
    if name in names.locals:
        return Local(name)
    if name in names.named:
        return Named(Word((name,)))
    if name in names.home.names:
        return Reference(_thing(names.home.names[name]))
    if name in BUILTINS:
        return Reference(name)
    return Reference(OPS[name]) if name in OPS else Unknown(name)


COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))


def _chained(node: tree.Chained, names: _Names) -> Expression:
    left = _expression(node.first, names)
    if node.rest[0][0] in COMPARISONS:
        found: Expression | None = None
        for symbol, operand in node.rest:
            right = _expression(operand, names)
            part = Operation(symbol, left, right)
            found = part if found is None else Operation("and", found, part)
            left = right
        assert found is not None
        return found
    for symbol, operand in node.rest:
        left = Operation(symbol, left, _expression(operand, names))
    return left
