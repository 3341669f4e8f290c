"""Whole networks: their inputs and outputs, and what they state of their sizes.

`networks` lists what a file offers; `elaborate` makes the graph of one of them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from archdsl.diagnostics import Diagnostic, Label, Problem, suggestion
from archdsl.elaborate.context import POISON, Context, Run, environment
from archdsl.elaborate.definitions import meant, origin
from archdsl.elaborate.evaluate import Environment, evaluate
from archdsl.elaborate.expand import new_run
from archdsl.elaborate.families import NetworkPlan, plan_of
from archdsl.elaborate.mistake import Mistake, error
from archdsl.elaborate.module import ModuleBuilder
from archdsl.elaborate.names import computed
from archdsl.elaborate.scope import Constant, FileScope, NameTaken
from archdsl.elaborate.values import NetworkRef, OutOfRange, ValueRef, WrongType, described, show
from archdsl.elaborate.walk import NoInput, report, walk_chain, walk_statement
from archdsl.graph.nodes import Graph, Value
from archdsl.record import replace
from archdsl.sizes.dim import Dim, Expr, symbol
from archdsl.sizes.fact import RELATIONS, Fact
from archdsl.sizes.prove import Known
from archdsl.sizes.shape import Kind, Shape
from archdsl.syntax import tree


class NamelessOutput(Problem):
    """An output has the name of its stage.

    input x: [N, 4]
    output linear(10)               # error[nameless-output]
    output logits = linear(10)      # good
    """

    code = "nameless-output"
    message = "this output has no name"
    stage: str

    def help(self) -> str:
        return f"name its stage: output logits = {self.stage}"


class UnknownInput(Problem):
    """Sizes are given to inputs that the network has.

    input image: [N, 3, H, W]
    conv(8, kernel=3)

    $ archdsl check net.arch --input imge=1x3x224x224       # error[unknown-input]
    $ archdsl check net.arch --input image=1x3x224x224      # good
    """

    code = "unknown-input"
    message = "{network} has no input {name}"
    network: str
    name: str
    near: str

    def help(self) -> str:
        return self.near


class WhereBroken(Problem):
    """Sizes that are given must be sizes that the input states.

        input image: [N, 1, H, W] where H % 16 == 0
        conv(8, kernel=3)

        $ archdsl check net.arch --input image=1x1x100x100      # error[where-broken]
        $ archdsl check net.arch --input image=1x1x96x100       # good

    More often the sizes come from outside: `--input image=1x1x100x100` for `[N, 1, H, W] where H % 16 == 0`.
    """

    code = "where-broken"
    message = "{clause} does not hold for the sizes given"
    label = "{found}"
    clause: str
    found: str


class UnknownNetwork(Problem):
    """The target names a network that the file does not have.

    network LeNet { input image: [N, 1, 28, 28]
        flatten -> linear(10) }

    $ archdsl check net.arch:Lenet      # error[unknown-network]
    $ archdsl check net.arch:LeNet      # good
    """

    code = "unknown-network"
    message = "there is no network {name} in this file"
    name: str
    hint: str

    def help(self) -> str:
        return self.hint


class NoNetwork(Problem):
    """A file that is checked or compiled holds a network.

    block head(classes) { linear(classes) }
    network t { input x: [N, 4]      # good
        head(10) }                   # good

    >>> archdsl.load("net.arch")      # error[no-network]
    >>> archdsl.load("net.arch")      # good
    """

    code = "no-network"
    message = "there is no network in this file"

    def help(self) -> str:
        return "a spec starts with network Name { … }, and the network with input image: [N, 1, 28, 28]"


RECURSION = 50_000
Sizes = Mapping[str, tuple[int, ...]]


class Elaborated:
    """A network as a graph (None where it has mistakes), and the claims that it makes about itself."""

    def __init__(self, name: str, family: str = "") -> None:
        self.name = name
        self.family = family
        self.graph: Graph | None = None
        self.expectations: list[tuple[tree.Expect, Environment]] = []


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
        run = new_run(problems)
        name = ref.network.name.name
        try:
            plan = replace(plan_of(ref, settings, run.steps), origin=origin(ref, settings))
        except Mistake as mistake:
            if mistake.diagnostic:
                problems.append(mistake.diagnostic)
            return Elaborated(name)
        run.known = Known((), run.needs)
        return _expand(name, plan, sizes, run)
    finally:
        sys.setrecursionlimit(before)


def _expand(name: str, plan: NetworkPlan, sizes: Sizes, run: Run) -> Elaborated:
    """Expand the body of a network."""
    symbols: dict[str, Constant] = {}
    facts: list[Fact] = []
    scope = plan.scope.inner(symbols)
    module = ModuleBuilder("network", name)
    context = Context(run, scope, module, {})
    result = Elaborated(name, plan.network.name.name)
    current: ValueRef | None = None
    failed = len(run.problems)
    for statement in plan.network.body.statements:
        try:
            if isinstance(statement, tree.InputDeclaration):
                current = _input(statement, context, symbols, sizes)
                stated = _facts(statement, context)
                facts += stated
                run.known = run.known.also(*stated)
            elif isinstance(statement, tree.Output):
                current = _output(statement, context, current)
            elif isinstance(statement, tree.Expect):
                result.expectations.append((statement, environment(context, None)))
            else:
                current = walk_statement(statement, context, current)
        except Mistake as mistake:
            report(mistake, context)
            current = POISON
            if isinstance(statement, tree.InputDeclaration):
                _forget(statement, context, symbols)
    if current is None and failed == len(run.problems):
        run.problems.append(Diagnostic(NoInput(), plan.network.name.span))
    _check_sizes_used(plan, sizes, context)
    outputs = module.outputs or [("out", current.value if current else None, plan.network.name.span)]
    values = tuple(value for _, value, _ in outputs if value is not None)
    result.expectations += [
        (expect, environment(replace(context, scope=family.inner(symbols)), None)) for expect, family in plan.expects
    ]
    if len(values) == len(outputs) and failed == len(run.problems):
        arguments = tuple((constant, meant(value)) for constant, value in plan.constants.items())
        names = tuple(output for output, _, _ in outputs)
        span = plan.network.name.span
        kept: Any = {"doc": plan.doc, "facts": tuple(facts), "origin": plan.origin, "span": span}
        result.graph = module.graph(values, names, arguments=arguments, **kept)
    return result


def _input(statement: tree.InputDeclaration, context: Context, symbols: dict[str, Constant], sizes: Sizes) -> ValueRef:
    """Declare an input. A name that nothing else has is a symbol; sizes given from outside take its place."""
    given = sizes.get(statement.name.name) or (sizes.get("") if not context.module.inputs else None)
    dims: list[Dim] = []
    for axis, item in enumerate(statement.shape.items):
        if isinstance(item, tree.Name) and not context.scope.find(item.name)[0]:
            symbols[item.name] = symbol(item.name)
        value = evaluate(item, environment(context, None))
        if isinstance(value, bool) or not isinstance(value, int | Expr):
            raise error(WrongType("a size", "an integer or a symbol", described(value)), item.span)
        if isinstance(value, int) and value < 1:
            hint = "a size that is free has a name: [N, 3, H, W]"
            raise error(OutOfRange("a size", "at least 1", show(value), hint), item.span)
        if given and axis < len(given):
            if isinstance(value, int) and value != given[axis]:
                problem = WrongType(f"axis {axis} of {statement.name.name}", str(value), f"given as {given[axis]}")
                raise error(problem, item.span)
            if isinstance(item, tree.Name):
                symbols[item.name] = given[axis]
            value = given[axis]
        dims.append(value)
    if given and min(given, default=1) < 1:
        raise error(OutOfRange("a size", "at least 1", show(min(given))), statement.shape.span)
    if given and len(given) != len(dims):
        problem = WrongType(f"the input {statement.name.name}", f"of {len(dims)} axes", f"given {len(given)}")
        raise error(problem, statement.shape.span)
    kind: Kind = "int" if statement.kind == "int" else "float"
    shape = Shape(tuple(dims), kind)
    value = ValueRef(Value(context.module.add_input(statement.name.name, shape, statement.span)))
    context.module.bind(statement.name.name, value, statement.name.span)
    if len(shape.dims) < 1:
        raise error(WrongType("an input", "of one axis or more", "[]"), statement.shape.span)
    return value


def _forget(statement: tree.InputDeclaration, context: Context, symbols: dict[str, Constant]) -> None:
    """An input that failed still owns its name and its symbols, so that their uses are not reported as well."""
    if statement.name.name not in context.module.places:
        context.module.bind(statement.name.name, POISON, statement.name.span)
    for item in statement.shape.items:
        if isinstance(item, tree.Name) and not context.scope.find(item.name)[0]:
            symbols[item.name] = symbol(item.name)


def _facts(statement: tree.InputDeclaration, context: Context) -> list[Fact]:
    """What an input states of its sizes; sizes that are known already must agree."""
    facts: list[Fact] = []
    env = environment(context, None)
    for clause in statement.where:
        if not isinstance(clause, tree.Chained) or clause.rest[0][0] not in RELATIONS:
            hint = f"compare it: where {clause.span.text} {'== 0' if '%' in clause.span.text else '>= 1'}"
            raise error(WrongType("a where clause", "a comparison of sizes", clause.span.text, hint), clause.span)
        left = evaluate(clause.first, env)
        for relation, operand in clause.rest:
            right = evaluate(operand, env)
            for value in (left, right):
                if isinstance(value, bool) or not isinstance(value, int | Expr):
                    raise error(WrongType("a where clause", "about sizes", described(value)), clause.span)
            fact = Fact(left, relation, right)
            if fact.symbols:
                facts.append(fact)
            elif not fact.holds({}):
                found = "" if isinstance(clause.first, tree.Literal) else f"{clause.first.span.text} is {show(left)}"
                raise error(WhereBroken(clause.span.text, found), clause.span)
            left = right
    return facts


def _check_sizes_used(plan: NetworkPlan, sizes: Sizes, context: Context) -> None:
    statements = plan.network.body.statements
    known = [statement.name.name for statement in statements if isinstance(statement, tree.InputDeclaration)]
    for name in sizes:
        if name and name not in known and context.module.inputs:
            near = suggestion(name, known) or f"its inputs are {', '.join(known)}"
            problem = UnknownInput(plan.network.name.name, name, near)
            context.run.problems.append(Diagnostic(problem, plan.network.name.span))


def _output(statement: tree.Output, context: Context, current: ValueRef | None) -> ValueRef | None:
    """An output: the last stage of its chain, under that stage's name."""
    last = statement.chain.links[-1]
    result = walk_chain(statement.chain, context, current)
    if last.names:
        name = computed(last.names[-1], context, current)
    elif isinstance(last.step, tree.Apply) and last.step.arguments is None:
        name = computed(last.step.name, context, current)
    else:
        raise error(NamelessOutput(last.step.span.text.partition("\n")[0]), last.step.span)
    for other, _, span in context.module.outputs:
        if other == name:
            raise Mistake(Diagnostic(NameTaken(name), statement.span, (Label(span, "first here"),)))
    context.module.outputs.append((name, result.value if result else None, statement.span))
    return result
