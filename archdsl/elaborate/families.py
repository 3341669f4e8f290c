"""What a network's name stands for: a body, or a family that changes the parameters of another network."""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.diagnostics import Diagnostic, Problem, listing, suggestion
from archdsl.elaborate.arguments import MissingArgument, UnknownArgument
from archdsl.elaborate.evaluate import Environment, Steps, bind, evaluate
from archdsl.elaborate.expand import MisplacedStatement
from archdsl.elaborate.mistake import Mistake, error
from archdsl.elaborate.scope import Constant, FileScope, Scope
from archdsl.elaborate.values import BlockRef, NetworkRef, WrongType, described
from archdsl.graph.definition import Origin
from archdsl.limits import CallsTooDeep, limits
from archdsl.record import Entity, replace
from archdsl.source import Span
from archdsl.syntax import tree


class MadeFromItself(Problem):
    """A network is made from another, and at last from one with a body.

    network A = B                    # error[made-from-itself]
    network A { input x: [N, 4]      # good
        linear(3) }                  # good
    network B = A
    """

    code = "made-from-itself"
    message = "{name} is made from itself{way}"
    name: str
    others: str

    def facts(self) -> Mapping[str, object]:
        return {"name": self.name, "way": f", by way of {self.others}" if self.others else ""}

    def help(self) -> str:
        return f"give one of them a body: network {self.name} {{ … }}"


class NetworkPlan(Entity):
    """The body to expand, its parameters' values, and what a family adds."""

    network: tree.Network
    scope: Scope
    constants: dict[str, Constant]
    doc: str
    expects: tuple[tuple[tree.Expect, Scope], ...]
    origin: Origin | None = None


def plan_of(
    ref: NetworkRef,
    settings: Mapping[str, Constant],
    steps: Steps,
    families: tuple[NetworkRef, ...] = (),
    place: Span | None = None,
) -> NetworkPlan:
    """What a network's name stands for; `families` are those on the way to it, `place` is where it was asked for."""
    network, home = ref.network, ref.home
    if ref in families:
        raise _circle(families[families.index(ref) :])
    if len(families) > limits().calls:
        raise error(CallsTooDeep(limits().calls), network.name.span)
    env = Environment(Scope(home), steps=steps)
    own = {parameter.name for parameter in network.parameters}
    constants = _bound(network, {n: v for n, v in settings.items() if n in own}, env, home, place or network.name.span)
    rest = {name: value for name, value in settings.items() if name not in own}
    scope = Scope(home, constants)
    if isinstance(network, tree.Network):
        if rest:
            name = next(iter(rest))
            near = suggestion(name, own) or (f"its parameters are {', '.join(own)}" if own else "it has no parameters")
            raise Mistake(Diagnostic(UnknownArgument(network.name.name, name, near), network.name.span))
        return NetworkPlan(network, scope, constants, network.doc, ())
    call = network.base
    callee = call.callee if isinstance(call, tree.CallExpression) else call
    base = evaluate(callee, env)
    if not isinstance(base, NetworkRef):
        hint = "a block needs an input first: network Name { input … }" if isinstance(base, BlockRef) else ""
        raise error(WrongType("what a network is made from", "a network", described(base), hint), callee.span)
    arguments = call.arguments if isinstance(call, tree.CallExpression) else ()
    inside = replace(env, scope=scope)
    given = _given(base, arguments, call, inside)
    plan = plan_of(base, given | rest, steps, (*families, ref), callee.span)
    statements = network.body.statements if network.body else ()
    for statement in statements:
        if not isinstance(statement, tree.Expect) and not _is_broken(statement):
            problem = MisplacedStatement("a stage", "in the network that this one is made from")
            raise error(problem, statement.span)
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
        raise error(MissingArgument(network.name.name, ", ".join(missing), usage), place)
    return constants


def _circle(families: tuple[NetworkRef, ...]) -> Mistake:
    """Families that are made from each other, told once: at the first of them."""
    first = min(families, key=lambda ref: ref.network.name.span.start)
    names = sorted((str(ref) for ref in families), key=lambda name: (name != str(first), name))
    return error(MadeFromItself(names[0], listing(names[1:], "and")), first.network.name.span)


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
