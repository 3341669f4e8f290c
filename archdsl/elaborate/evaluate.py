"""Compile-time expressions to values: exact, terminating, and never any Python of the spec's.

`evaluate` takes an expression and an environment, returns a value or raises a `Mistake` that points at the place.
Integers stay exact; a division that does not come out even stays a `Quotient` until something needs a whole number.
Steps, depth and sizes are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from archdsl.diagnostics import Diagnostic, Problem, listing, suggestion
from archdsl.elaborate.arguments import MissingArgument, UnknownArgument, match, named_place, usage
from archdsl.elaborate.builtins import BUILTINS
from archdsl.elaborate.foreign import near_word
from archdsl.elaborate.mistake import POISONED, Mistake, error, together
from archdsl.elaborate.numbers import Refused, UnevenDivision, arithmetic, bounded, compare
from archdsl.elaborate.scope import Constant, FileScope, Scope, UnknownName
from archdsl.elaborate.values import (
    BlockRef,
    Builtin,
    FunctionRef,
    NetworkRef,
    OpRef,
    Quotient,
    ValueRef,
    WrongType,
    described,
    extent,
    kind,
    show,
)
from archdsl.graph.nodes import Value
from archdsl.limits import CallsTooDeep, NestedTooDeep, TooMuchToEvaluate, limits
from archdsl.ops import OPS
from archdsl.record import Entity, Record, replace
from archdsl.sizes.dim import Expr
from archdsl.sizes.prove import NOTHING_KNOWN, Known
from archdsl.sizes.verdict import Refuted, Unknown, Verdict
from archdsl.source import Span
from archdsl.syntax import tree


class NoSuchItem(Problem):
    """An index must lie inside its list.

    conv([64, 128][2], kernel=3)      # error[no-such-item]
    conv([64, 128][1], kernel=3)      # good
    """

    code = "no-such-item"
    message = "there is no item {index} in a list of {length}"
    index: int
    length: int

    def help(self) -> str:
        return f"items count from 0; the last of these is {self.length - 1}" if self.length else ""


class NotDecided(Problem):
    """A choice made when compiling cannot depend on a size that is known only when the network runs.

    input image: [N, 3, H, W]
    if in.height > 7 { relu }        # error[not-decided]: H is free
    if in.channels > 2 { relu }      # good
    """

    code = "not-decided"
    message = "{condition} depends on sizes that are known only when the network runs"
    condition: str
    clause: str = ""

    def help(self) -> str:
        stated = f", state behind its shape where {self.clause}," if self.clause else ","
        return f"fix the input's sizes{stated} or decide by a parameter"


class Steps:
    """What is left of the work that one run may do."""

    def __init__(self) -> None:
        self.left = limits().steps
        self.depth = 0

    def take(self, span: Span, count: int = 1) -> None:
        self.left -= count
        if self.left < 0:
            raise Mistake(Diagnostic(TooMuchToEvaluate(limits().steps), span))

    def touch(self, span: Span, value: Constant, each: int = 32) -> None:
        """Count the work of going through a list, all of it: a step for so many items."""
        if isinstance(value, tuple) and value:
            self.take(span, extent(value, limits().items) // each)


class Environment(Entity):
    """All that an expression can see: names, the incoming value, the module's named values, what is known of sizes."""

    scope: Scope
    steps: Steps
    incoming: Value | None = None
    has_incoming: bool = False
    tensor: Callable[[str], ValueRef | None] = lambda name: None
    tensors: Callable[[], list[str]] = list
    inside: Callable[[Constant, str], Constant] = lambda value, name: value
    known: Known = NOTHING_KNOWN
    depth: int = 0


def evaluate(expression: tree.Expression, env: Environment) -> Constant:
    """The value of an expression."""
    steps = env.steps
    if env.depth:  # outside of functions, what is evaluated is bounded by the stages
        steps.take(expression.span)
    if steps.depth >= limits().nesting:
        raise error(NestedTooDeep(limits().nesting), expression.span)
    steps.depth += 1
    try:
        return _RULES[type(expression)](expression, env)
    finally:
        steps.depth -= 1


def integer(value: Constant, span: Span, what: str) -> int:
    """A whole number; anything else is a mistake."""
    if isinstance(value, Quotient):
        raise uneven(value, span)
    if isinstance(value, bool) or not isinstance(value, int):
        hint = f"{value} is known only when the network runs" if isinstance(value, Expr) else unpacked(value, span)
        raise error(WrongType(what, "an integer", described(value), hint), span)
    return value


def unpacked(value: Constant, span: Span) -> str:
    """How to unpack a pair, where a loop over pairs gave one name to it: `for n, c in [(1, 64)]` counts with n."""
    name = re.search(r"[A-Za-z_]\w*$", span.text)
    if not isinstance(value, tuple) or not name:
        return ""
    loops = re.findall(rf"\bfor\s+(\w+)\s*,\s*{name[0]}\s+in\b", span.source.text[: span.start])
    if not loops:
        return ""
    return f"{loops[-1]} counts the passes; brackets unpack an item: for ({loops[-1]}, {name[0]}) in …"


def uneven(value: Quotient, span: Span) -> Mistake:
    """A division that had to come out even; the help shows it as it is written, if nothing else is."""
    written = span.text.partition("=")[2] if re.match(r"\w+\s*=", span.text) else span.text
    problem = Refused.uneven(value).problem
    plain = written.count("/") == 1 and not re.search(r"[+(,]|if|-", written)
    plain = isinstance(problem, UnevenDivision) and (plain or "/" not in written)
    return error(replace(problem, written=written.strip()) if plain else problem, span)


def truth(value: Constant, span: Span) -> bool:
    """true or false; anything else is a mistake."""
    if isinstance(value, NotYet):
        clause = value.verdict.clause if isinstance(value.verdict, Refuted) else ""
        raise error(NotDecided(value.text, clause), span)
    if not isinstance(value, bool):
        hint = f"compare it: {span.text} > 0" if isinstance(value, int) else ""
        raise error(WrongType("a condition", "true or false", described(value), hint), span)
    return value


class NotYet(Record):
    """A comparison that sizes decide only when the network runs: false for some of them, or not known."""

    text: str
    verdict: Refuted | Unknown


def _literal(node: tree.Literal, env: Environment) -> Constant:
    return node.value


def _name(node: tree.Name, env: Environment) -> Constant:
    known, value = env.scope.find(node.name)
    if known:
        return env.inside(value, node.name)
    tensor = env.tensor(node.name)
    if tensor is not None:
        return tensor
    if node.name in env.scope.home.names:
        return env.scope.home.names[node.name]
    if node.name in BUILTINS:
        return BUILTINS[node.name]
    if node.name in OPS:
        return OpRef(OPS[node.name])
    if env.scope.home.is_lost(node.name):
        raise POISONED
    near = near_word(node.name, [*env.scope.visible(), *env.tensors(), *BUILTINS]) or suggestion(node.name, OPS, 0.75)
    near = near or _elsewhere(node.name, env.scope.home)
    raise error(UnknownName(node.name, near, _undeclared(node, env.scope.home)), node.span)


def written(name: tree.LayerName, env: Environment) -> str:
    """A name with its expressions computed: `layer3` for `layer{i + 1}`, where i is 2."""
    parts = []
    for part in name.parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        value = evaluate(part, env)
        if isinstance(value, bool) or not isinstance(value, int | str):
            value = integer(value, part.span, "a part of a name")
        parts.append(str(value))
    return "".join(parts)


def _computed(node: tree.LayerName, env: Environment) -> Constant:
    """A value of the module by a name that is computed."""
    word = written(node, env)
    tensor = env.tensor(word)
    if tensor is None:
        raise error(UnknownName(word, near_word(word, env.tensors())), node.span)
    return tensor


def _elsewhere(name: str, home: FileScope) -> str:
    """That a name is a parameter of something else in the file, where it is."""
    for item in _items(home):
        if any(parameter.name == name for parameter in item.parameters):
            return f"{name} is a parameter of {item.name.name}: make it one here too, and hand it on as an argument"
    return ""


def _undeclared(node: tree.Name, home: FileScope) -> str:
    """Where a name is declared that something uses as if it were a parameter of its own; what is called is none."""
    if node.span.source.text.startswith("(", node.span.end):
        return ""
    for item in _items(home):
        is_around = item.span.source is node.span.source and item.span.start < node.span.start < item.span.end
        if item.parameters and is_around:
            known = ", ".join([*(parameter.name for parameter in item.parameters), node.name])
            kind = "block" if isinstance(item, tree.Block) else "network"
            return f"if its callers choose it, declare it: {kind} {item.name.name}({known})"
    return ""


def _items(home: FileScope) -> Iterator[tree.Block | tree.Network | tree.Family]:
    """The blocks and networks of a file, those that it imports too."""
    for value in home.names.values():
        if isinstance(value, BlockRef):
            yield value.block
        elif isinstance(value, NetworkRef):
            yield value.network


def _incoming(node: tree.Incoming, env: Environment) -> Constant:
    if not env.has_incoming:
        raise error(UnknownName("in", "in is the value that a stage gets; there is none here"), node.span)
    return ValueRef(env.incoming)


def _sequence(node: tree.Sequence, env: Environment) -> Constant:
    made = _guarded(node.span, bounded, tuple(evaluate(item, env) for item in node.items))
    env.steps.touch(node.span, made)
    return made


def _unary(node: tree.Unary, env: Environment) -> Constant:
    value = evaluate(node.operand, env)
    if node.operator == "not":
        return not truth(value, node.operand.span)
    return _guarded(node.span, arithmetic, "-" if node.operator == "-" else "+", 0, value, env.known)


def _chained(node: tree.Chained, env: Environment) -> Constant:
    word = node.rest[0][0]
    if word in ("and", "or"):
        return _logic(node, env, word)
    if word in COMPARISONS:
        return _comparison(node, env)
    value = evaluate(node.first, env)
    for symbol, operand in node.rest:
        value = _guarded(node.span, arithmetic, symbol, value, evaluate(operand, env), env.known)
        env.steps.touch(node.span, value)
    return value


def _logic(node: tree.Chained, env: Environment, word: str) -> bool:
    for operand in (node.first, *(operand for _, operand in node.rest)):
        if truth(evaluate(operand, env), operand.span) is (word == "or"):
            return word == "or"
    return word == "and"


COMPARISONS = {"==", "!=", "<", "<=", ">", ">="}


def _comparison(node: tree.Chained, env: Environment) -> bool | NotYet:
    left = evaluate(node.first, env)
    open_: list[NotYet] = []
    for symbol, operand in node.rest:
        right = evaluate(operand, env)
        env.steps.touch(node.span, left, each=4)
        verdict: bool | Verdict = _guarded(node.span, compare, symbol, left, right, env.known)
        if verdict is False:
            return False
        if isinstance(verdict, Refuted | Unknown):
            open_.append(NotYet(f"{show(left)} {symbol} {show(right)}", verdict))
        left = right
    return next((part for part in open_ if isinstance(part.verdict, Refuted)), open_[0]) if open_ else True


def _conditional(node: tree.Conditional, env: Environment) -> Constant:
    chosen = truth(evaluate(node.condition, env), node.condition.span)
    return evaluate(node.then if chosen else node.otherwise, env)


def _index(node: tree.Index, env: Environment) -> Constant:
    value = evaluate(node.value, env)
    if not isinstance(value, tuple):
        raise error(WrongType("what is indexed", "a list", described(value)), node.value.span)
    index = integer(evaluate(node.index, env), node.index.span, "an index")
    if not -len(value) <= index < len(value):
        raise error(NoSuchItem(index, len(value)), node.index.span)
    return value[index]


def _attribute(node: tree.Attribute, env: Environment) -> Constant:
    value = evaluate(node.value, env)
    if not isinstance(value, ValueRef):
        raise error(WrongType(f"what has .{node.name}", "a value of the network", described(value)), node.value.span)
    if value.shape is None:
        raise POISONED
    if node.name not in ATTRIBUTES:
        near = suggestion(node.name, ATTRIBUTES) or f"a value has {', '.join(ATTRIBUTES)}"
        raise error(UnknownName(f".{node.name}", near), node.span)
    needed, read = ATTRIBUTES[node.name]
    if value.shape.rank < needed:
        found = f"a value of shape {value.shape}"
        hint = f"it has {listing(n for n, (least, _) in ATTRIBUTES.items() if least <= value.shape.rank)}"
        raise error(WrongType(f"what has .{node.name}", f"a value of {needed} axes or more", found, hint), node.span)
    return read(value.shape.dims)


ATTRIBUTES: Mapping[str, tuple[int, Callable[[tuple[Any, ...]], Constant]]] = {
    "channels": (2, lambda dims: dims[1]),
    "features": (2, lambda dims: dims[-1]),
    "length": (3, lambda dims: dims[-1]),
    "height": (4, lambda dims: dims[-2]),
    "width": (4, lambda dims: dims[-1]),
    "depth": (5, lambda dims: dims[-3]),
    "batch": (1, lambda dims: dims[0]),
    "rank": (0, len),
    "shape": (0, tuple),
}


def _call(node: tree.CallExpression, env: Environment) -> Constant:
    callee = evaluate(node.callee, env)
    if isinstance(callee, Builtin):
        env.steps.take(node.span, 0)  # where nothing is left, nothing is made that would have to be counted
        values = [evaluate(argument.value, env) for argument in node.arguments]
        for argument in node.arguments:
            if argument.name:
                problem = UnknownArgument(callee.name, argument.name, "give it by position")
                raise error(problem, named_place(argument))
        env.steps.take(node.span, sum(len(value) for value in values if isinstance(value, tuple)))
        made = _guarded(node.span, callee.run, *values)
        env.steps.touch(node.span, made)
        return made
    if isinstance(callee, FunctionRef):
        return _call_function(callee, node, env)
    hint = "a block is applied as a stage, not inside an expression" if isinstance(callee, BlockRef | OpRef) else ""
    raise error(WrongType(show(callee), "a function", kind(callee), hint), node.callee.span)


def _call_function(callee: FunctionRef, node: tree.CallExpression, env: Environment) -> Constant:
    if env.depth >= limits().calls:
        raise error(CallsTooDeep(limits().calls), node.span)
    function = callee.function
    names = bind(function.name.name, function.parameters, node.arguments, node.callee.span, env, callee.home)
    inner = replace(env, scope=Scope(callee.home, names), has_incoming=False, depth=env.depth + 1)
    outer, env.steps.depth = env.steps.depth, 0
    try:
        return evaluate(function.result, inner)
    except Mistake as mistake:
        raise _through_call(mistake, function.name.name, names, node.span, env.depth) from None
    finally:
        env.steps.depth = outer


def _through_call(mistake: Mistake, name: str, names: Mapping[str, Constant], span: Span, depth: int) -> Mistake:
    """A mistake inside a function with the call that it came through: of a deep recursion the two ends."""
    found = mistake.diagnostic
    if found is None or (len(found.notes) > 2 and depth):
        return mistake
    call = f"in {name}({', '.join(f'{n}={show(v)}' for n, v in names.items())}), called at {span}"
    told, *others = (replace(each, notes=(*each.notes, call)) for each in (found, *mistake.others))
    return Mistake(told, tuple(others))


def bind(
    callee: str,
    parameters: tuple[tree.Parameter, ...],
    arguments: tuple[tree.Argument, ...],
    span: Span,
    env: Environment,
    home: FileScope,
) -> dict[str, Constant]:
    """Values for the parameters of a block, a network or a function, in the order of the parameters."""
    known = [parameter.name for parameter in parameters]
    given, wrong = match(callee, known, arguments, span)
    names: dict[str, Constant] = {}
    missing = [p.name for p in parameters if p.default is None and p.name not in given]
    if missing and not wrong:  # else what is wrong may be what is missing
        wrong.append(error(MissingArgument(callee, ", ".join(missing), usage(callee, known)), span))
    for parameter in parameters:
        try:
            if parameter.name in given:
                names[parameter.name] = evaluate(given[parameter.name].value, env)
            elif parameter.default is not None and not wrong:
                inside = replace(env, scope=Scope(home, dict(names)), has_incoming=False, tensor=lambda name: None)
                names[parameter.name] = evaluate(parameter.default, inside)
        except Mistake as mistake:
            wrong.append(mistake)
            if env.depth:  # inside a function all that follows would be computed for nothing
                break
    if wrong:
        raise together(wrong)
    return names


def _guarded(span: Span, run: Callable[..., Any], *values: Any) -> Any:
    """Run a rule over values; what it refuses becomes a mistake at the place."""
    try:
        return run(*values)
    except Refused as refusal:
        raise error(refusal.problem, span) from None


_RULES: dict[type[tree.Tree], Callable[[Any, Environment], Constant]] = {
    tree.Literal: _literal,
    tree.Name: _name,
    tree.LayerName: _computed,
    tree.Incoming: _incoming,
    tree.Sequence: _sequence,
    tree.Unary: _unary,
    tree.Chained: _chained,
    tree.Conditional: _conditional,
    tree.Index: _index,
    tree.Attribute: _attribute,
    tree.CallExpression: _call,
}
