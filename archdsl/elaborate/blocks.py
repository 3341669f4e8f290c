"""Stages that open a body of their own: groups, blocks, and blocks that are inlined."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain, count
from typing import Any

from archdsl.diagnostics import Problem
from archdsl.elaborate import contracts
from archdsl.elaborate.arguments import UnknownArgument
from archdsl.elaborate.context import Context, Names, environment
from archdsl.elaborate.definitions import definition, meant
from archdsl.elaborate.evaluate import Environment, bind
from archdsl.elaborate.mistake import POISONED, Mistake, error
from archdsl.elaborate.module import ModuleBuilder
from archdsl.elaborate.names import NotALayer, bind_results, computed, label_of, resolve, unnamed
from archdsl.elaborate.scope import Constant, ExpansionTrace, Scope
from archdsl.elaborate.values import BlockRef, ValueRef, kind, show, tensors, with_tensors
from archdsl.elaborate.walk import NoInput, report, walk
from archdsl.graph.nodes import Call, Graph, Value
from archdsl.limits import CallsTooDeep, TooManyBodies, limits
from archdsl.record import replace
from archdsl.source import Span
from archdsl.syntax import tree


class EndlessRecursion(Problem):
    """A block that calls itself with the same arguments on the same shapes never ends.

    block again { again }                                          # error[endless-recursion]
    block again(n) { if n > 0 { linear(n) -> again(n - 1) } }      # good

    network t {
        input x: [N, 4]
        again         # bad
        again(3)      # good
    }
    """

    code = "endless-recursion"
    message = "{name} calls itself with the same arguments on the same shapes"
    name: str

    def help(self) -> str:
        return "a recursion needs a parameter that shrinks and an if that ends it"


UNFINISHED = Graph("block", "", (), (), ())
"""Stands in the table for a block that is being expanded: whoever finds it there calls itself."""


def inline(step: tree.Inline, context: Context, current: ValueRef | None, names: Names) -> ValueRef | None:
    """Expand a block's stages into the module that uses them: they add no level to the path."""
    unnamed(names, "an inlined block")
    word = computed(step.name, context, current)
    target = resolve(word, step, context)
    if not isinstance(target, BlockRef):
        raise error(NotALayer(word, kind(target), "only a block can be inlined", "a block"), step.name.span)
    if context.depth >= limits().calls:
        raise error(CallsTooDeep(limits().calls), step.span)
    block = target.block
    arguments = step.arguments or ()
    constants = _bound(target, arguments, step.name.span, environment(context, current))
    scope = Scope(target.home, constants)
    trace = ExpansionTrace(f"in {_called(block, constants)}, inlined at {step.span}", context.trace)
    inside = replace(context, scope=scope, trace=trace, depth=context.depth + 1)
    try:
        if block.signature:
            symbols = contracts.enter(block.signature, _entries(current, constants), environment(inside, None))
            inside = replace(inside, scope=scope.inner(symbols))
        result = walk(block.body, inside, current)
        if block.signature and result and result.value:
            contracts.leave(block.signature, result.value.shape, environment(inside, result))
    except Mistake as mistake:
        report(mistake, inside)
        raise POISONED from None
    return result


def group(step: tree.Group, context: Context, current: ValueRef | None, names: Names) -> ValueRef:
    label = label_of(names, context, current)
    key = context.module.claim(label, names[0].span if names else step.span)
    module = ModuleBuilder("group", "", context.module)
    inside = replace(context, module=module, depth=context.depth + 1)
    if inside.depth > limits().calls:
        raise error(CallsTooDeep(limits().calls), step.span)
    entry = ValueRef(module.capture(current.value, "x")) if current and current.value else current
    result = walk(step.body, inside, entry)
    if result is None or result.value is None:
        raise POISONED
    given = module.used_captures(result.value)
    graph = module.graph((result.value,), ("out",), span=step.span)
    return _call(graph, given, key, label, names, step.span, context)


def _call(
    graph: Graph,
    inputs: tuple[Value, ...],
    key: str,
    label: str | None,
    names: Names,
    span: Span,
    context: Context,
) -> ValueRef:
    node = Call(graph, inputs, key, label, span=span)
    context.module.add(node, span)
    return bind_results(node, names, label, context)


def apply_block(
    target: BlockRef,
    step: tree.Apply,
    arguments: tuple[tree.Argument, ...],
    label: str | None,
    names: Names,
    key_span: Span,
    context: Context,
    current: ValueRef | None,
) -> ValueRef:
    key = context.module.claim(label, key_span)
    block = target.block
    env = environment(context, current)
    constants = _bound(target, arguments, step.name.span, env)
    given = _entries(current, constants)
    if not given:
        raise error(NoInput(), step.name.span)
    if any(tensor.value is None for tensor in given):
        raise POISONED
    shapes = (current.shape if current else None, *(tensor.shape for tensor in given[bool(current) :]))
    for value in constants.values():
        context.run.steps.touch(step.span, value)
    identity = (block, tuple((n, _frozen(v)) for n, v in constants.items()), shapes, _frozen(context.defaults))
    expanded = context.run.blocks
    if expanded.get(identity) is UNFINISHED:
        raise error(EndlessRecursion(block.name.name), step.span)
    if identity not in expanded:
        if len(expanded) >= limits().bodies:
            raise error(TooManyBodies(limits().bodies), step.span)
        expanded[identity] = UNFINISHED
        note = f"in {_called(block, constants)}, called at {step.span}"
        module = ModuleBuilder("block", block.name.name)
        trace = ExpansionTrace(note, context.trace)
        inside = replace(context, scope=Scope(target.home), module=module, trace=trace, depth=context.depth + 1)
        made = None
        try:
            made = expand_block(block, constants, inside, current, step.span, context.module)
        finally:
            expanded[identity] = made
    graph = expanded[identity]
    if graph is None:
        raise POISONED
    inputs = tuple([tensor.value for tensor in given if tensor.value])
    return _call(graph, inputs, key, label, names, step.span, context)


def expand_block(
    block: tree.Block,
    constants: dict[str, Constant],
    context: Context,
    current: ValueRef | None,
    span: Span,
    outside: ModuleBuilder,
) -> Graph | None:
    """The body of a block for one set of arguments and shapes; None where mistakes leave its result unknown.

    `outside` is the module that the values come from.
    """
    if context.depth > limits().calls:
        raise error(CallsTooDeep(limits().calls), span)
    entry = current
    if current and current.value:
        entry = _entry("x", current.value, context, span, outside)
    inner = {name: _entered(name, value, context, span, outside) for name, value in constants.items()}
    inside = replace(context, scope=Scope(context.scope.home, inner))
    try:
        if block.signature:
            symbols = contracts.enter(block.signature, _entries(entry, inner), environment(inside, None))
            inside = replace(inside, scope=inside.scope.inner(symbols))
        result = walk(block.body, inside, entry)
        if result is None or result.value is None:
            return None
        if block.signature:
            contracts.leave(block.signature, result.value.shape, environment(inside, result))
    except Mistake as mistake:
        report(mistake, context)
        return None
    shown = tuple((name, meant(value)) for name, value in constants.items() if not _holds_tensors(value))
    usual = frozenset(p.name for p in block.parameters if _is_default(p, constants[p.name]))
    written = definition(BlockRef(block, context.scope.home))
    facts: Any = {"arguments": shown, "usual": usual, "doc": block.doc, "origin": written, "span": block.name.span}
    return context.module.graph((result.value,), ("out",), **facts)


def _is_default(parameter: tree.Parameter, value: Constant) -> bool:
    """Whether a value is the default that is written with its parameter."""
    default = parameter.default
    return isinstance(default, tree.Literal) and _frozen(default.value) == _frozen(value)


def _bound(target: BlockRef, arguments: tuple[tree.Argument, ...], span: Span, env: Environment) -> dict[str, Constant]:
    """The values of a block's parameters; one that its body uses and its first line forgets is told as such."""
    block = target.block
    try:
        return bind(block.name.name, block.parameters, arguments, span, env, target.home)
    except Mistake as mistake:
        problem = mistake.diagnostic and mistake.diagnostic.problem
        if not mistake.diagnostic or not isinstance(problem, UnknownArgument):
            raise
        if not re.search(rf"\b{problem.name}\b(?!\s*=[^=])", block.body.span.text):
            raise
        listed = ", ".join([*(parameter.name for parameter in block.parameters), problem.name])
        problem = replace(problem, near=f"its body uses it: make it a parameter, block {block.name.name}({listed})")
        raise Mistake(replace(mistake.diagnostic, problem=problem), mistake.others) from None


def _entered(name: str, value: Constant, context: Context, span: Span, outside: ModuleBuilder) -> Constant:
    """An argument as the block has it: its values are entries of the block, those of a list with numbers."""
    numbers = count()

    def enter(tensor: ValueRef) -> ValueRef:
        own = name if tensor is value else f"{name}_{next(numbers)}"
        return _entry(own, tensor.value, context, span, outside) if tensor.value else tensor

    return with_tensors(value, enter)


def _entry(name: str, value: Value, context: Context, span: Span, outside: ModuleBuilder) -> ValueRef:
    """A value of the module around a block, inside of it."""
    entry = Value(context.module.add_input(name, value.shape, span))
    context.run.recovery.enter(entry, value, outside)
    return ValueRef(entry)


def _entries(current: ValueRef | None, constants: Mapping[str, Constant]) -> list[ValueRef]:
    """The values that a block gets: the current one, and those that its arguments are or hold."""
    return [*([current] if current else []), *chain.from_iterable(map(tensors, constants.values()))]


def _holds_tensors(value: Constant) -> bool:
    return next(tensors(value), None) is not None


def _called(block: tree.Block, constants: Mapping[str, Constant]) -> str:
    """A call as a note shows it: the first argument by position, the others by name."""
    shown = (show(v) if index == 0 else f"{name}={show(v)}" for index, (name, v) in enumerate(constants.items()))
    return f"{block.name.name}({', '.join(shown)})"


def _frozen(value: Any) -> Any:
    """Something that can be a key and tells values apart as the language does: 1, 1.0 and true are three values."""
    if isinstance(value, Mapping):
        return tuple((name, _frozen(inner)) for name, inner in value.items())
    if isinstance(value, tuple):
        return tuple(_frozen(item) for item in value)
    return ValueRef if isinstance(value, ValueRef) else (type(value), value)
