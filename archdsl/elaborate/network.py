"""Whole networks: their inputs and outputs, their parameters and families.

`networks` lists what a file offers; `elaborate` makes the graph of one of them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from archdsl.diagnostics import Diagnostic, Label, listing, suggestion
from archdsl.elaborate.context import NOTHING, Context
from archdsl.elaborate.evaluate import Environment, Steps, bind, evaluate, fail
from archdsl.elaborate.expand import Expander
from archdsl.elaborate.module import Module
from archdsl.elaborate.network_problems import (
    MadeFromItself,
    MisplacedStatement,
    NamelessOutput,
    NoInput,
    UnknownInput,
    WhereBroken,
)
from archdsl.elaborate.problems import MissingArgument, NameTaken, OutOfRange, UnknownArgument, WrongType
from archdsl.elaborate.scope import FileScope, Mistake, Scope
from archdsl.elaborate.values import BlockRef, Constant, NetworkRef, Tensor, described, show
from archdsl.graph.nodes import Graph, Value
from archdsl.limits import CallsTooDeep, limits
from archdsl.record import Entity, replace
from archdsl.sizes.dim import Dim, Expr, symbol
from archdsl.sizes.fact import RELATIONS, Fact
from archdsl.sizes.prove import assume, assuming
from archdsl.sizes.shape import Kind, Shape
from archdsl.source import Span
from archdsl.syntax import tree

RECURSION = 50_000
Sizes = Mapping[str, tuple[int, ...]]


class Elaborated:
    """A network as a graph (None where it has mistakes), and the claims that it makes about itself."""

    def __init__(self, name: str, family: str = "") -> None:
        self.name = name
        self.family = family
        self.graph: Graph | None = None
        self.expectations: list[tuple[tree.Expect, Environment]] = []


class _Plan(Entity):
    """What a network's name stands for: the body to expand, its parameters' values, and what a family adds."""

    network: tree.Network
    scope: Scope
    constants: dict[str, Constant]
    doc: str
    expects: tuple[tuple[tree.Expect, Scope], ...]


def networks(home: FileScope) -> dict[str, NetworkRef]:
    """The networks of a file by name, templates included, in the order of the file."""
    return {name: value for name, value in home.names.items() if isinstance(value, NetworkRef) and value.home is home}


def is_template(ref: NetworkRef) -> bool:
    """Whether a network has parameters that must be given: it is a pattern for others."""
    return any(parameter.default is None for parameter in ref.network.parameters)


def elaborate(
    ref: NetworkRef, settings: Mapping[str, Constant], sizes: Sizes, problems: list[Diagnostic]
) -> Elaborated:
    """The graph of a network; mistakes are added to `problems`."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION))  # bounded by the limits on calls and nesting, not by the stack
    try:
        expander = Expander(problems)
        name = ref.network.name.name
        try:
            plan = _plan(ref, settings, expander.steps, (), ref.network.name.span)
        except Mistake as mistake:
            if mistake.diagnostic:
                problems.append(mistake.diagnostic)
            return Elaborated(name)
        return _expand(name, plan, sizes, expander)
    finally:
        sys.setrecursionlimit(before)


def _plan(
    ref: NetworkRef, settings: Mapping[str, Constant], steps: Steps, families: tuple[NetworkRef, ...], place: Span
) -> _Plan:
    """What a network's name stands for; `families` are those on the way to it, `place` is where it was asked for."""
    network, home = ref.network, ref.home
    if ref in families:
        raise _circle(families[families.index(ref) :])
    if len(families) > limits().calls:
        raise fail(CallsTooDeep(limits().calls), network.name.span)
    env = Environment(Scope(home), steps=steps)
    own = {parameter.name for parameter in network.parameters}
    constants = _bound(network, {n: v for n, v in settings.items() if n in own}, env, home, place)
    rest = {name: value for name, value in settings.items() if name not in own}
    scope = Scope(home, constants)
    if isinstance(network, tree.Network):
        if rest:
            name = next(iter(rest))
            near = suggestion(name, own) or (f"its parameters are {', '.join(own)}" if own else "it has no parameters")
            raise Mistake(Diagnostic(UnknownArgument(network.name.name, name, near), network.name.span))
        return _Plan(network, scope, constants, network.doc, ())
    call = network.base
    callee = call.callee if isinstance(call, tree.CallExpression) else call
    base = evaluate(callee, env)
    if not isinstance(base, NetworkRef):
        hint = "a block needs an input first: network Name { input … }" if isinstance(base, BlockRef) else ""
        raise fail(WrongType("what a network is made from", "a network", described(base), hint), callee.span)
    arguments = call.arguments if isinstance(call, tree.CallExpression) else ()
    inside = replace(env, scope=scope)
    given = _given(base, arguments, call, inside)
    plan = _plan(base, given | rest, steps, (*families, ref), callee.span)
    statements = network.body.statements if network.body else ()
    for statement in statements:
        if not isinstance(statement, tree.Expect) and not _is_broken(statement):
            problem = MisplacedStatement("a stage", "in the network that this one is made from")
            raise fail(problem, statement.span)
    changed = any(given.get(name, constants.get(name)) != value for name, value in settings.items())
    expects = tuple((s, scope) for s in statements if isinstance(s, tree.Expect) and not changed)
    return replace(plan, doc=network.doc or plan.doc, expects=(*plan.expects, *expects))


def _is_broken(statement: tree.Statement) -> bool:
    """Whether a statement could not be read; it has been reported."""
    return isinstance(statement, tree.Chain) and isinstance(statement.links[0].step, tree.Broken)


def _bound(
    network: tree.Network | tree.Family,
    settings: Mapping[str, Constant],
    env: Environment,
    home: FileScope,
    place: Span,
) -> dict[str, Constant]:
    """The values of a network's parameters: what is set from outside, and the defaults."""
    constants: dict[str, Constant] = {}
    for parameter in network.parameters:
        if parameter.name in settings:
            constants[parameter.name] = settings[parameter.name]
        elif parameter.default is not None:
            constants[parameter.name] = evaluate(parameter.default, replace(env, scope=Scope(home, dict(constants))))
    missing = [parameter.name for parameter in network.parameters if parameter.name not in constants]
    if missing:
        usage = f"give it: --set {missing[0]}=…, or {network.name.name}({missing[0]}=…) in a network made from it"
        raise fail(MissingArgument(network.name.name, ", ".join(missing), usage), place)
    return constants


def _circle(families: tuple[NetworkRef, ...]) -> Mistake:
    """Families that are made from each other, told once: at the first of them."""
    first = min(families, key=lambda ref: ref.network.name.span.start)
    names = sorted((str(ref) for ref in families), key=lambda name: (name != str(first), name))
    return fail(MadeFromItself(names[0], listing(names[1:], "and")), first.network.name.span)


def _given(
    base: NetworkRef, arguments: tuple[tree.Argument, ...], call: tree.Expression, env: Environment
) -> dict[str, Constant]:
    """The arguments of a family, bound to the parameters of its base; defaults are left to the base."""
    optional = base.network.parameters
    named = {argument.name for argument in arguments if argument.name}
    positional = sum(argument.name is None for argument in arguments)
    wanted = tuple(p for i, p in enumerate(optional) if i < positional or p.name in named)
    known = {p.name for p in base.network.parameters}
    if positional > len(optional) or named - known:
        wanted = base.network.parameters
    return bind(base.network.name.name, wanted, arguments, call.span, env, base.home)


def _expand(name: str, plan: _Plan, sizes: Sizes, expander: Expander) -> Elaborated:
    """Expand the body of a network."""
    with assuming((), expander.needed):
        return _expand_body(name, plan, sizes, expander)


def _expand_body(name: str, plan: _Plan, sizes: Sizes, expander: Expander) -> Elaborated:
    symbols: dict[str, Constant] = {}
    facts: list[Fact] = []
    scope = plan.scope.inner(symbols)
    module = Module("network", name)
    context = Context(scope, module, {})
    result = Elaborated(name, plan.network.name.name)
    current: Tensor | None = None
    failed = len(expander.problems)
    for statement in plan.network.body.statements:
        try:
            if isinstance(statement, tree.InputDeclaration):
                current = _input(statement, context, symbols, sizes, expander)
                stated = _facts(statement, context, expander)
                facts += stated
                assume(*stated)
            elif isinstance(statement, tree.Output):
                current = _output(statement, context, current, expander)
            elif isinstance(statement, tree.Expect):
                result.expectations.append((statement, expander.environment(context, None)))
            else:
                current = expander.statement(statement, context, current)
        except Mistake as mistake:
            expander.report(mistake, context)
            current = NOTHING
            if isinstance(statement, tree.InputDeclaration):
                _forget(statement, context, symbols)
    if current is None and failed == len(expander.problems):
        expander.problems.append(Diagnostic(NoInput(), plan.network.name.span))
    _check_sizes_used(plan, sizes, module, expander)
    outputs = module.outputs or [("out", current.value if current else None, plan.network.name.span)]
    values = tuple(value for _, value, _ in outputs if value is not None)
    result.expectations += [
        (expect, replace(expander.environment(context, None), scope=family.inner(symbols)))
        for expect, family in plan.expects
    ]
    if len(values) == len(outputs) and failed == len(expander.problems):
        arguments = tuple(plan.constants.items())
        names = tuple(output for output, _, _ in outputs)
        span = plan.network.name.span
        result.graph = module.graph(values, names, arguments=arguments, doc=plan.doc, facts=tuple(facts), span=span)
    return result


def _input(
    statement: tree.InputDeclaration, context: Context, symbols: dict[str, Constant], sizes: Sizes, expander: Expander
) -> Tensor:
    """Declare an input. A name that nothing else has is a symbol; sizes given from outside take its place."""
    given = sizes.get(statement.name.name) or (sizes.get("") if not context.module.inputs else None)
    dims: list[Dim] = []
    for axis, item in enumerate(statement.shape.items):
        if isinstance(item, tree.Name) and not context.scope.find(item.name)[0]:
            symbols[item.name] = symbol(item.name)
        value = evaluate(item, expander.environment(context, None))
        if isinstance(value, bool) or not isinstance(value, int | Expr):
            raise fail(WrongType("a size", "an integer or a symbol", described(value)), item.span)
        if isinstance(value, int) and value < 1:
            hint = "a size that is free has a name: [N, 3, H, W]"
            raise fail(OutOfRange("a size", "at least 1", show(value), hint), item.span)
        if given and axis < len(given):
            if isinstance(value, int) and value != given[axis]:
                problem = WrongType(f"axis {axis} of {statement.name.name}", str(value), f"given as {given[axis]}")
                raise fail(problem, item.span)
            if isinstance(item, tree.Name):
                symbols[item.name] = given[axis]
            value = given[axis]
        dims.append(value)
    if given and min(given, default=1) < 1:
        raise fail(OutOfRange("a size", "at least 1", show(min(given))), statement.shape.span)
    if given and len(given) != len(dims):
        problem = WrongType(f"the input {statement.name.name}", f"of {len(dims)} axes", f"given {len(given)}")
        raise fail(problem, statement.shape.span)
    kind: Kind = "int" if statement.kind == "int" else "float"
    shape = Shape(tuple(dims), kind)
    value = Tensor(Value(context.module.add_input(statement.name.name, shape, statement.span)))
    context.module.bind(statement.name.name, value, statement.name.span)
    if len(shape.dims) < 1:
        raise fail(WrongType("an input", "of one axis or more", "[]"), statement.shape.span)
    return value


def _forget(statement: tree.InputDeclaration, context: Context, symbols: dict[str, Constant]) -> None:
    """An input that failed still owns its name and its symbols, so that their uses are not reported as well."""
    if statement.name.name not in context.module.places:
        context.module.bind(statement.name.name, NOTHING, statement.name.span)
    for item in statement.shape.items:
        if isinstance(item, tree.Name) and not context.scope.find(item.name)[0]:
            symbols[item.name] = symbol(item.name)


def _facts(statement: tree.InputDeclaration, context: Context, expander: Expander) -> list[Fact]:
    """What an input states of its sizes; sizes that are known already must agree."""
    facts: list[Fact] = []
    env = expander.environment(context, None)
    for clause in statement.where:
        if not isinstance(clause, tree.Chained) or clause.rest[0][0] not in RELATIONS:
            hint = f"compare it: where {clause.span.text} {'== 0' if '%' in clause.span.text else '>= 1'}"
            raise fail(WrongType("a where clause", "a comparison of sizes", clause.span.text, hint), clause.span)
        left = evaluate(clause.first, env)
        for relation, operand in clause.rest:
            right = evaluate(operand, env)
            for value in (left, right):
                if isinstance(value, bool) or not isinstance(value, int | Expr):
                    raise fail(WrongType("a where clause", "about sizes", described(value)), clause.span)
            fact = Fact(left, relation, right)
            if fact.symbols:
                facts.append(fact)
            elif not fact.holds({}):
                found = "" if isinstance(clause.first, tree.Literal) else f"{clause.first.span.text} is {show(left)}"
                raise fail(WhereBroken(clause.span.text, found), clause.span)
            left = right
    return facts


def _check_sizes_used(plan: _Plan, sizes: Sizes, module: Module, expander: Expander) -> None:
    statements = plan.network.body.statements
    known = [statement.name.name for statement in statements if isinstance(statement, tree.InputDeclaration)]
    for name in sizes:
        if name and name not in known and module.inputs:
            near = suggestion(name, known) or f"its inputs are {', '.join(known)}"
            problem = UnknownInput(plan.network.name.name, name, near)
            expander.problems.append(Diagnostic(problem, plan.network.name.span))


def _output(statement: tree.Output, context: Context, current: Tensor | None, expander: Expander) -> Tensor | None:
    """An output: the last stage of its chain, under that stage's name."""
    last = statement.chain.links[-1]
    result = expander.chain(statement.chain, context, current)
    if last.names:
        name = expander.word(last.names[-1], context, current)
    elif isinstance(last.step, tree.Apply) and last.step.arguments is None:
        name = expander.word(last.step.name, context, current)
    else:
        raise fail(NamelessOutput(last.step.span.text.partition("\n")[0]), last.step.span)
    for other, _, span in context.module.outputs:
        if other == name:
            raise Mistake(Diagnostic(NameTaken(name), statement.span, (Label(span, "first here"),)))
    context.module.outputs.append((name, result.value if result else None, statement.span))
    return result
