"""Definitions as text: what the graph keeps of a spec, its names resolved.

print(written(graph.origin))

block basic(channels, stride=1)
    conv1 = conv(channels, kernel=3, stride=stride)
    if stride != 1 or in.channels != channels {
        …
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
    If,
    Incoming,
    Index,
    Inline,
    InputOf,
    Items,
    Join,
    Local,
    Named,
    Negated,
    Operation,
    Origin,
    OutputOf,
    Parameter,
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
from archdsl.graph.text import literal

BINDS = {"or": 1, "and": 2, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4}
BINDS |= {"+": 5, "-": 5, "*": 6, "/": 6, "//": 6, "%": 6, "**": 8}
"""How tightly operators bind; a conditional binds least, what has brackets of its own most."""


def written(origin: Definition | Origin) -> str:
    """A definition, and all that it mentions, each once: as a spec would say it."""
    start = origin.definition if isinstance(origin, Origin) else origin
    found: dict[Definition | Function, list[str]] = {}
    todo: list[Definition | Function] = [start]
    if isinstance(origin, Origin):
        todo += [thing for made in origin.made for given in made.arguments for thing in _things(given)]
    while todo:
        item = todo.pop(0)
        if item not in found:
            found[item] = list(_definition(item) if isinstance(item, Definition) else _function(item))
            todo += _mentioned(item)
    families = [_family(made) for made in origin.made] if isinstance(origin, Origin) else []
    return "\n\n".join([*families, *("\n".join(lines) for lines in found.values())])


def expression(node: Expression, around: int = 0) -> str:
    """An expression as a spec would write it; `around` is how tightly the operator around it binds."""
    text, binds = _expression(node)
    return f"({text})" if binds < around else text


def _family(made: Any) -> str:
    return f"network {made.name}{_parameters(made.parameters)} = {made.base}({_given(made.arguments)})"


def _definition(item: Definition) -> Iterator[str]:
    yield f"{item.kind} {item.name}{_parameters(item.parameters)}{_header(item)}"
    yield from _body(item.body, 4)


def _header(item: Definition) -> str:
    if item.header is None:
        return ""
    takes, leaves = (
        ", ".join(f"[{', '.join(map(expression, shape))}]" for shape in shapes)
        for shapes in (item.header.takes, item.header.leaves)
    )
    return f" : {takes} -> {leaves}"


def _function(item: Function) -> Iterator[str]:
    yield f"fn {item.name}{_parameters(item.parameters)} = {expression(item.result)}"


def _parameters(parameters: tuple[Parameter, ...]) -> str:
    shown = (p.name if p.default is None else f"{p.name}={expression(p.default)}" for p in parameters)
    return f"({', '.join(shown)})" if parameters else ""


def _body(body: Body, indent: int) -> Iterator[str]:
    for statement in body:
        yield from _statement(statement, indent)


def _statement(statement: Statement, indent: int) -> Iterator[str]:
    margin = " " * indent
    if isinstance(statement, InputOf):
        kind = "int " if statement.kind == "int" else ""
        where = f" where {', '.join(map(expression, statement.where))}" if statement.where else ""
        yield f"{margin}input {statement.name}: {kind}[{', '.join(map(expression, statement.sizes))}]{where}"
    elif isinstance(statement, OutputOf):
        lines = [line for stage in statement.stages for line in _statement(stage, indent)]
        yield f"{margin}output {lines[0].strip()}"
        yield from lines[1:]
    elif isinstance(statement, Shared):
        yield from _step(statement.step, f"{margin}shared {expression(statement.name)} = ", indent)
    else:
        names = ", ".join(map(expression, statement.names))
        yield from _step(statement.step, f"{margin}{f'{names} = ' if names else ''}", indent)


def _step(step: Step, head: str, indent: int) -> Iterator[str]:
    margin = " " * indent
    if isinstance(step, Apply):
        arguments = "" if step.arguments is None else f"({_given(step.arguments)})"
        yield f"{head}{expression(step.callee)}{arguments}"
    elif isinstance(step, ApplyShared):
        yield f"{head}{expression(step.name)}"
    elif isinstance(step, Take):
        yield f"{head}{expression(step.value)}"
    elif isinstance(step, Inline):
        yield f"{head}inline {expression(step.callee)}({_given(step.arguments)})"
    elif isinstance(step, Join):
        given = f"({_given(step.arguments)})" if step.arguments else ""
        yield f"{head}{_called(step.op)}{given} {{"
        for arm in step.arms:
            lines = list(_body(arm, indent + 6))
            yield f"{margin}    |{' ' + lines[0].strip() if lines else ''}"
            yield from lines[1:]
        yield f"{margin}}}"
    elif isinstance(step, If):
        yield f"{head}if {expression(step.condition)} {{"
        yield from _body(step.then, indent + 4)
        if step.otherwise:
            yield f"{margin}}} else {{"
            yield from _body(step.otherwise, indent + 4)
        yield f"{margin}}}"
    else:
        assert isinstance(step, Group | Repeat | For | With)
        yield f"{head}{_opening(step)}{{"
        yield from _body(step.body, indent + 4)
        yield f"{margin}}}"


def _opening(step: Group | Repeat | For | With) -> str:
    if isinstance(step, Repeat):
        return f"repeat {f'{step.counter} in ' if step.counter else ''}{expression(step.count)} "
    if isinstance(step, For):
        targets = ", ".join(step.targets)
        targets = f"({targets})" if len(step.targets) > 1 else targets
        return f"for {f'{step.counter}, ' if step.counter else ''}{targets} in {expression(step.items)} "
    if isinstance(step, With):
        return f"with {', '.join(f'{_called(op)}({_given(given)})' for op, given in step.defaults)} "
    return ""


def _given(arguments: tuple[Given, ...]) -> str:
    return ", ".join(f"{f'{g.name}=' if g.name else ''}{expression(g.value)}" for g in arguments)


def _called(thing: Any) -> str:
    if isinstance(thing, Expression):
        return expression(thing)
    return thing if isinstance(thing, str) else str(thing.name)


def _expression(node: Expression) -> tuple[str, int]:
    """The text of an expression, and how tightly it binds."""
    match node:
        case Constant():
            return literal(node.value), 9
        case Local() | Unknown():
            return node.name, 9
        case Incoming():
            return "in", 9
        case Word():
            parts = (part if isinstance(part, str) else f"{{{expression(part)}}}" for part in node.parts)
            return "".join(parts), 9
        case Named():
            return expression(node.word), 9
        case Reference():
            return _called(node.thing), 9
        case Items():
            return f"[{', '.join(map(expression, node.items))}]", 9
        case Negated():
            binds = 3 if node.operator == "not" else 7
            return f"{node.operator}{' ' if binds == 3 else ''}{expression(node.operand, binds)}", binds
        case Operation():
            binds = BINDS[node.operator]
            left, right = (binds + 1, binds) if node.operator == "**" else (binds, binds + 1)
            return f"{expression(node.left, left)} {node.operator} {expression(node.right, right)}", binds
        case Conditional():
            then, condition = expression(node.then, 1), expression(node.condition, 1)
            return f"{then} if {condition} else {expression(node.otherwise)}", 0
        case Index():
            return f"{expression(node.value, 9)}[{expression(node.index)}]", 9
        case Attribute():
            return f"{expression(node.value, 9)}.{node.name}", 9
        case Application():
            return f"{expression(node.callee, 9)}({_given(node.arguments)})", 9
    raise AssertionError(f"{node!r} is no expression")


# ---- what is mentioned -----------------------------------------------------------------------------------------------


def _mentioned(item: Definition | Function) -> list[Definition | Function]:
    """The definitions and functions that one mentions, in the order of their first mention."""
    return [*dict.fromkeys(_things(item.result if isinstance(item, Function) else item.body)), *_defaults(item)]


def _defaults(item: Definition | Function) -> Iterator[Definition | Function]:
    for parameter in item.parameters:
        yield from _things(parameter.default)


def _things(part: Any) -> Iterator[Definition | Function]:
    """The definitions and functions in a part of a definition."""
    if isinstance(part, Definition | Function):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from _things(item)
    elif isinstance(part, Expression | Step | Stage | Shared | InputOf | OutputOf | Given):
        for field in part.values().values():
            yield from _things(field)
