"""Repetition, choice and scopes of defaults: they add stages to the module around them, and no level of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archdsl.diagnostics import Diagnostic, listing
from archdsl.elaborate.arguments import UnknownArgument, named_place, usage
from archdsl.elaborate.bind import Defaults
from archdsl.elaborate.context import Context, Names, Run, environment
from archdsl.elaborate.evaluate import evaluate, integer, truth
from archdsl.elaborate.foreign import near_argument
from archdsl.elaborate.loops import is_settled
from archdsl.elaborate.mistake import POISONED, Mistake, error
from archdsl.elaborate.module import ModuleBuilder
from archdsl.elaborate.names import CannotUnpack, NotALayer, computed, resolve, unnamed
from archdsl.elaborate.scope import Constant, ExpansionTrace
from archdsl.elaborate.values import OpRef, ValueRef, WrongType, described, kind, show
from archdsl.elaborate.walk import report, walk
from archdsl.graph.nodes import Value
from archdsl.limits import TooManyStages, limits
from archdsl.record import replace
from archdsl.sizes.dim import Dim, Expr, symbol
from archdsl.sizes.shape import Shape
from archdsl.source import Span
from archdsl.syntax import tree


def repeat(step: tree.Repeat, context: Context, current: ValueRef | None, names: Names) -> ValueRef | None:
    unnamed(names, "a repetition")
    value = evaluate(step.count, environment(context, current))
    if context.run.parametric and isinstance(value, Expr) and current:
        return _induction(step, value, context, current)
    count = integer(value, step.count.span, "a repetition")
    if count < 0:
        raise error(WrongType("a repetition", "0 or more", str(count)), step.count.span)
    _take(context.run, count * _least(step.body, context), step.count.span)
    knows = step.counter is not None and _reads(step.body, step.counter.name)
    module, problems = context.module, context.run.problems
    loop = module.begin_loop(step.span, current.value if current else None)
    try:
        for index in range(count):
            before = _Traces(len(problems), len(module.places), len(module.shared), module.size)
            entry = current
            known = {step.counter.name: index} if step.counter else {}
            current = _pass(step.body, known, index, step, context, current)
            after = _Traces(len(problems), len(module.places), len(module.shared), module.size)
            left = count - index - 1
            if not left or not index or knows or before[:-1] != after[:-1] or module.numbers_by_hand:
                continue
            if not entry or not entry.value or not current or not current.value:
                break  # what is unknown stays unknown
            if is_settled(module.nodes, loop):
                module.leave_out(left, after.size - before.size, step.count.span)
                break
    finally:
        module.end_loop()
    return current


class _Traces(NamedTuple):
    """What a pass can leave behind beside its nodes: problems, names, shared layers; and how many layers there are."""

    problems: int
    names: int
    shared: int
    size: int


def _reads(body: tree.Tree, name: str) -> bool:
    """Whether a body may speak of a name."""
    queue: list[object] = [body]
    while queue:
        found = queue.pop()
        if isinstance(found, tuple):
            queue += found
        elif found == name:
            return True
        elif isinstance(found, tree.Tree):
            queue += found.values().values()
    return False


def _induction(step: tree.Repeat, count: Expr, context: Context, current: ValueRef) -> ValueRef | None:
    """The value after `count` passes: if `k` passes move the sizes by `k` steps for any k, so do `count` passes.

    The first pass gives the step; a pass that starts after `k` steps must then leave `k + 1` of them.
    """
    start = current.shape
    first = _from(step, start, 0, context)
    if start is None or first is None or first.rank != start.rank:
        raise POISONED
    moves = [after - before for before, after in zip(start.dims, first.dims, strict=True)]
    k = symbol(f"{step.span}")  # a name that no spec can write

    def moved(passes: Dim) -> Shape:
        return Shape(tuple(size + passes * move for size, move in zip(start.dims, moves, strict=True)), start.kind)

    last = _from(step, moved(k), k, context)
    if last is None or last.dims != moved(k + 1).dims:
        raise POISONED
    return ValueRef(Value(context.module.add_input("x", moved(count), step.span)))


def _from(step: tree.Repeat, shape: Shape | None, index: Dim, context: Context) -> Shape | None:
    """The shape that one pass leaves, expanded where it leaves no trace."""
    if shape is None:
        return None
    scratch = ModuleBuilder("group", "")
    value = ValueRef(Value(scratch.add_input("x", shape, step.span)))
    names = {step.counter.name: index} if step.counter else {}
    inside = replace(context, module=scratch, scope=context.scope.inner(names))
    result = walk(step.body, inside, value)
    return result.shape if result else None


def _pass(
    body: tree.Body,
    names: Mapping[str, Constant],
    index: int,
    step: tree.Repeat | tree.For,
    context: Context,
    current: ValueRef | None,
) -> ValueRef | None:
    word = "repeat" if isinstance(step, tree.Repeat) else "for"
    trace = ExpansionTrace(f"pass {index + 1} of {word} at {step.span}", context.trace)
    problems = context.run.problems
    before = len(problems)
    result = walk(body, replace(context, scope=context.scope.inner(names), trace=trace), current)
    context.module.end_pass(result.value if result else None)
    problems[before:] = [problem for problem in problems[before:] if not _said(problem, problems[:before])]
    return result


def _said(problem: Diagnostic, before: list[Diagnostic]) -> bool:
    """Whether an earlier pass met the same mistake at the same place."""
    return any(p.span == problem.span and p.problem == problem.problem for p in before)


def _take(run: Run, passes: int, span: Span) -> None:
    """Count passes of a repetition before they are expanded."""
    if passes > run.passes:
        raise error(TooManyStages(limits().stages), span)
    run.passes -= passes


def for_(step: tree.For, context: Context, current: ValueRef | None, names: Names) -> ValueRef | None:
    unnamed(names, "a repetition")
    items = evaluate(step.items, environment(context, current))
    if not isinstance(items, tuple):
        name = step.targets[-1][0].name
        hint = f"to count, write repeat {name} in {step.items.span.text} {{ … }}" if isinstance(items, int) else ""
        raise error(WrongType("what for goes through", "a list", described(items), hint), step.items.span)
    _take(context.run, len(items) * _least(step.body, context), step.items.span)
    context.module.begin_loop(step.span, current.value if current else None)
    try:
        for index, item in enumerate(items):
            known = _targets(step, index, item)
            current = _pass(step.body, known, index, step, context, current)
    finally:
        context.module.end_loop()
    return current


def _targets(step: tree.For, index: int, item: Constant) -> dict[str, Constant]:
    targets = list(step.targets)
    known: dict[str, Constant] = {}
    if len(targets) > 2:
        counter, *rest = (name.name for target in targets for name in target)
        hint = f"brackets unpack an item: for {counter}, ({', '.join(rest)}) in …"
        found = "a counter with an item"
        raise error(CannotUnpack(found, len(targets), hint), targets[0][0].span.to(targets[-1][-1].span))
    if len(targets) == 2:
        known[targets.pop(0)[0].name] = index
    names = targets[0]
    if len(names) == 1:
        return known | {names[0].name: item}
    if not isinstance(item, tuple) or len(item) != len(names):
        listed = step.items.items if isinstance(step.items, tree.Sequence) else ()
        raise error(CannotUnpack(show(item), len(names)), listed[index].span if listed else step.items.span)
    return known | {name.name: part for name, part in zip(names, item, strict=True)}


def if_(step: tree.If, context: Context, current: ValueRef | None, names: Names) -> ValueRef | None:
    unnamed(names, "a choice")
    while True:
        condition = evaluate(step.condition, environment(context, current))
        if truth(condition, step.condition.span):
            return walk(step.then, context, current)
        if not isinstance(step.otherwise, tree.If):
            return walk(step.otherwise, context, current) if step.otherwise else current
        step = step.otherwise


def with_(step: tree.With, context: Context, current: ValueRef | None, names: Names) -> ValueRef | None:
    unnamed(names, "a scope of defaults")
    defaults = dict(context.defaults)
    known = len(context.run.problems)
    for default in step.defaults:
        try:
            op, values = _defaults(default, context)
        except Mistake as mistake:
            report(mistake, context)
            continue
        defaults[op] = {**defaults.get(op, {}), **values}
    if len(context.run.problems) > known:
        raise POISONED
    return walk(step.body, replace(context, defaults=defaults), current)


def _defaults(default: tree.Apply, context: Context) -> tuple[str, Defaults]:
    """The op that gets other defaults, and the values by argument."""
    word = computed(default.name, context, None)
    target = resolve(word, default, context)
    if not isinstance(target, OpRef):
        raise error(NotALayer(word, kind(target), "with gives defaults to ops", "an op"), default.name.span)
    attributes = target.op.attributes()
    env = environment(context, None)
    values: dict[str, tuple[Constant, Span]] = {}
    for argument in default.arguments or ():
        if argument.name is None:
            names = listing(attributes)
            hint = f"name it: {names}" if names else f"{word} has no arguments"
            raise error(WrongType("a default", "given by name", "given by position", hint), argument.span)
        if argument.name not in attributes:
            near = near_argument(argument.name, attributes) or usage(word, list(attributes))
            raise error(UnknownArgument(word, argument.name, near), named_place(argument))
        values[argument.name] = (evaluate(argument.value, env), argument.span)
    return target.op.name, values


def _least(body: tree.Body, context: Context) -> int:
    """How many stages a body opens at the least, told without opening any: repetitions inside it are multiplied out
    where their counts can be computed from here, and count once where they can't."""
    links = (link for chain in body.statements if isinstance(chain, tree.Chain) for link in chain.links)
    return max(1, sum(_least_of(link.step, context) for link in links))


def _least_of(step: tree.Step, context: Context) -> int:
    if isinstance(step, tree.Repeat | tree.For):
        return _count(step, context) * _least(step.body, context)
    if isinstance(step, tree.Group | tree.With):
        return _least(step.body, context)
    if isinstance(step, tree.Branch):
        return sum(_least(arm, context) for arm in step.arms)
    return 0 if isinstance(step, tree.If) else 1


def _count(step: tree.Repeat | tree.For, context: Context) -> int:
    try:
        counted = step.count if isinstance(step, tree.Repeat) else step.items
        value = evaluate(counted, environment(context, None))
    except Mistake:
        return 1
    if isinstance(value, tuple):
        return len(value)
    return value if isinstance(value, int) and value > 0 else 0
