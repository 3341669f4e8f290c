"""Repetition, choice and scopes of defaults: they add stages to the module around them, and no level of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from archdsl.diagnostics import Diagnostic, suggestion
from archdsl.elaborate.context import Context, Names
from archdsl.elaborate.evaluate import evaluate, fail, integer, truth
from archdsl.elaborate.module import Module
from archdsl.elaborate.problems import (
    CannotUnpack,
    NotALayer,
    UnknownArgument,
    WrongType,
)
from archdsl.elaborate.scope import REPORTED, Mistake, Trail
from archdsl.elaborate.values import Constant, OpRef, Tensor, described, show
from archdsl.ir.dim import Dim, Expr, symbol
from archdsl.ir.graph import Value
from archdsl.ir.shape import Shape
from archdsl.syntax import tree

if TYPE_CHECKING:
    from archdsl.elaborate.expand import Expander


def repeat(
    expander: Expander, step: tree.Repeat, context: Context, current: Tensor | None, names: Names
) -> Tensor | None:
    expander.unnamed(names, "a repetition")
    value = evaluate(step.count, expander.environment(context, current))
    if expander.parametric and isinstance(value, Expr) and current:
        return _induction(expander, step, value, context, current)
    count = integer(value, step.count.span, "a repetition")
    if count < 0:
        raise fail(WrongType("a repetition", "0 or more", str(count)), step.count.span)
    expander.take(count * _least(step.body, expander, context), step.count.span)
    for index in range(count):
        known = {step.counter.name: index} if step.counter else {}
        current = _pass(expander, step.body, known, index, step, context, current)
    return current


def _induction(expander: Expander, step: tree.Repeat, count: Expr, context: Context, current: Tensor) -> Tensor | None:
    """The value after `count` passes: if `k` passes move the sizes by `k` steps for any k, so do `count` passes.

    The first pass gives the step; a pass that starts after `k` steps must then leave `k + 1` of them.
    """
    start = current.shape
    first = _from(expander, step, start, 0, context)
    if start is None or first is None or first.rank != start.rank:
        raise REPORTED
    moves = [after - before for before, after in zip(start.dims, first.dims, strict=True)]
    k = symbol(f"{step.span}")  # a name that no spec can write

    def moved(passes: Dim) -> Shape:
        return Shape(tuple(size + passes * move for size, move in zip(start.dims, moves, strict=True)), start.kind)

    last = _from(expander, step, moved(k), k, context)
    if last is None or last.dims != moved(k + 1).dims:
        raise REPORTED
    return Tensor(Value(context.module.add_input("x", moved(count), step.span)))


def _from(expander: Expander, step: tree.Repeat, shape: Shape | None, index: Dim, context: Context) -> Shape | None:
    """The shape that one pass leaves, expanded where it leaves no trace."""
    if shape is None:
        return None
    scratch = Module("group", "")
    value = Tensor(Value(scratch.add_input("x", shape, step.span)))
    names = {step.counter.name: index} if step.counter else {}
    inside = replace(context, module=scratch, scope=context.scope.inner(names))
    result = expander.body(step.body, inside, value)
    return result.shape if result else None


def _pass(
    expander: Expander,
    body: tree.Body,
    names: Mapping[str, Constant],
    index: int,
    step: tree.Repeat | tree.For,
    context: Context,
    current: Tensor | None,
) -> Tensor | None:
    word = "repeat" if isinstance(step, tree.Repeat) else "for"
    trail = Trail(f"pass {index + 1} of {word} at {step.span}", context.trail)
    before = len(expander.problems)
    result = expander.body(body, replace(context, scope=context.scope.inner(names), trail=trail), current)
    expander.problems[before:] = [p for p in expander.problems[before:] if not _said(expander, p, before)]
    return result


def _said(expander: Expander, problem: Diagnostic, before: int) -> bool:
    """Whether an earlier pass met the same mistake at the same place."""
    return any(p.span == problem.span and p.problem == problem.problem for p in expander.problems[:before])


def for_(expander: Expander, step: tree.For, context: Context, current: Tensor | None, names: Names) -> Tensor | None:
    expander.unnamed(names, "a repetition")
    items = evaluate(step.items, expander.environment(context, current))
    if not isinstance(items, tuple):
        raise fail(WrongType("what for goes through", "a list", described(items)), step.items.span)
    expander.take(len(items) * _least(step.body, expander, context), step.items.span)
    for index, item in enumerate(items):
        known = _targets(expander, step, index, item)
        current = _pass(expander, step.body, known, index, step, context, current)
    return current


def _targets(expander: Expander, step: tree.For, index: int, item: Constant) -> dict[str, Constant]:
    targets = list(step.targets)
    known: dict[str, Constant] = {}
    if len(targets) > 2:
        raise fail(CannotUnpack("a counter and an item", len(targets)), step.targets[0][0].span)
    if len(targets) == 2:
        known[targets.pop(0)[0].name] = index
    names = targets[0]
    if len(names) == 1:
        return known | {names[0].name: item}
    if not isinstance(item, tuple) or len(item) != len(names):
        raise fail(CannotUnpack(show(item), len(names)), step.items.span)
    return known | {name.name: part for name, part in zip(names, item, strict=True)}


def if_(expander: Expander, step: tree.If, context: Context, current: Tensor | None, names: Names) -> Tensor | None:
    expander.unnamed(names, "a choice")
    while True:
        condition = evaluate(step.condition, expander.environment(context, current))
        if truth(condition, step.condition.span):
            return expander.body(step.then, context, current)
        if not isinstance(step.otherwise, tree.If):
            return expander.body(step.otherwise, context, current) if step.otherwise else current
        step = step.otherwise


def with_(expander: Expander, step: tree.With, context: Context, current: Tensor | None, names: Names) -> Tensor | None:
    expander.unnamed(names, "a scope of defaults")
    defaults = dict(context.defaults)
    env = expander.environment(context, None)
    for default in step.defaults:
        word = expander.word(default.name, context, None)
        target = expander.resolve(word, default, context)
        if not isinstance(target, OpRef):
            raise fail(NotALayer(word, "not an op", "with gives defaults to ops"), default.name.span)
        attributes = target.op.attributes()
        values = dict(defaults.get(target.op.name, {}))
        for argument in default.arguments or ():
            if argument.name is None or argument.name not in attributes:
                near = suggestion(argument.name or "", attributes) or "defaults are given by name"
                raise fail(UnknownArgument(word, argument.name or "by position", near), argument.span)
            values[argument.name] = (evaluate(argument.value, env), argument.span)
        defaults[target.op.name] = values
    return expander.body(step.body, replace(context, defaults=defaults), current)


def _least(body: tree.Body, expander: Expander, context: Context) -> int:
    """How many stages a body opens at the least, told without opening any: repetitions inside it are multiplied out
    where their counts can be computed from here, and count once where they can't."""
    links = (link for chain in body.statements if isinstance(chain, tree.Chain) for link in chain.links)
    return max(1, sum(_least_of(link.step, expander, context) for link in links))


def _least_of(step: tree.Step, expander: Expander, context: Context) -> int:
    if isinstance(step, tree.Repeat | tree.For):
        return _count(step, expander, context) * _least(step.body, expander, context)
    if isinstance(step, tree.Group | tree.With):
        return _least(step.body, expander, context)
    if isinstance(step, tree.Branch):
        return sum(_least(arm, expander, context) for arm in step.arms)
    return 0 if isinstance(step, tree.If) else 1


def _count(step: tree.Repeat | tree.For, expander: Expander, context: Context) -> int:
    try:
        counted = step.count if isinstance(step, tree.Repeat) else step.items
        value = evaluate(counted, expander.environment(context, None))
    except Mistake:
        return 1
    if isinstance(value, tuple):
        return len(value)
    return value if isinstance(value, int) and value > 0 else 0
