"""From the tree to the graph: blocks, repetition, choice, branches and names, with every shape inferred on the way.

An `Expander` walks the statements of a body with one current value. A stage that fails is reported and leaves an
unknown value, which later stages pass on in silence: one mistake, one diagnostic, and all mistakes in one run. A block
is expanded once for each set of arguments and shapes it is used with; further uses share the graph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from archdsl.diagnostics import Diagnostic
from archdsl.elaborate import blocks, contracts, control, layers
from archdsl.elaborate.context import NOTHING, Context, Names
from archdsl.elaborate.evaluate import Environment, Steps, fail, written
from archdsl.elaborate.foreign import near_op, without_input
from archdsl.elaborate.meant import Meant
from archdsl.elaborate.network_problems import MisplacedStatement, NoInput
from archdsl.elaborate.problems import CannotName, CannotUnpack, NotALayer, UnknownName, WrongType
from archdsl.elaborate.scope import REPORTED, Mistake
from archdsl.elaborate.story import origin
from archdsl.elaborate.values import BlockRef, OpRef, Tensor, described, kind
from archdsl.graph.needs import Needs, positive_sizes
from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.limits import TooManyStages, limits
from archdsl.ops import OPS, Op
from archdsl.record import replace
from archdsl.sizes.fact import Fact
from archdsl.sizes.shape import Shape
from archdsl.source import Span
from archdsl.syntax import tree


class Expander:
    """Expands bodies into modules; collects problems; remembers the blocks that it has expanded."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        self.problems = problems
        self.steps = Steps()
        self.passes = limits().stages
        self.blocks: dict[Any, Graph | None] = {}
        self.parametric = False
        self.wrong: set[Any] = set()
        self.meant = Meant()
        self.ops: dict[Any, Op] = {}
        """The ops that were made, by what they were made from."""
        self.learning: dict[tuple[Op, tuple[Shape, ...]], bool] = {}
        """Whether an op on values of these shapes owns weights."""
        self._made: list[Apply | Call] = []
        self._needs = Needs()

    def body(self, body: tree.Body, context: Context, current: Tensor | None) -> Tensor | None:
        for statement in body.statements:
            try:
                current = self.statement(statement, context, current)
            except Mistake as mistake:
                self.report(mistake, context)
                current = NOTHING
        return current

    def statement(self, statement: tree.Statement, context: Context, current: Tensor | None) -> Tensor | None:
        return _STATEMENTS[type(statement)](self, statement, context, current)

    def report(self, mistake: Mistake, context: Context) -> None:
        for found in (mistake.diagnostic, *mistake.others):
            if not found:
                continue
            notes = context.trail.notes() if context.trail else ()
            diagnostic = replace(found, notes=(*found.notes, *notes))
            wrong = _wrong_name(diagnostic)
            if wrong is None or wrong not in self.wrong:
                self.problems.append(diagnostic)
            self.wrong.add(wrong)

    def chain(self, chain: tree.Chain, context: Context, current: Tensor | None) -> Tensor | None:
        for link in chain.links:
            try:
                current = self.link(link, context, current)
            except Mistake as mistake:
                self.report(mistake, context)
                self._forget(link, context)
                current = NOTHING
        return current

    def _forget(self, link: tree.Link, context: Context) -> None:
        """A stage that failed still owns its names, so that their uses are not reported as well."""
        for name in _named(link):
            try:
                word = self.word(name, context, NOTHING)
            except Mistake:
                continue
            if word not in context.module.places and not self.is_callable(word, context):
                context.module.bind(word, NOTHING, name.span)

    def link(self, link: tree.Link, context: Context, current: Tensor | None) -> Tensor | None:
        result = self.step(link.step, context, current, link.names)
        if link.contract and result and result.value:
            self.claim(link.contract, result.value, context)
            return result if len(link.contract.items) == result.value.shape.rank else NOTHING
        return result

    def claim(self, claim: tree.Sequence, value: Value, context: Context) -> None:
        """Hold a value against what is claimed of it. The value is known all the same if a claimed size is wrong; where
        the number of axes is, the stages behind it are for other values."""
        env = self.environment(context, Tensor(value))
        try:
            contracts.check(claim, value.shape, env, lambda axis: origin(value, axis))
        except Mistake as mistake:
            if not self.meant.excuses([value], context.module, lambda shape: contracts.check(claim, shape, env)):
                self.report(mistake, context)
                if len(claim.items) == value.shape.rank:
                    self.meant.claim(value, contracts.claimed(claim, env))

    def step(self, step: tree.Step, context: Context, current: Tensor | None, names: Names = ()) -> Tensor | None:
        """One step of a chain, by the table."""
        result: Tensor | None = _STEPS[type(step)](self, step, context, current, names)
        return result

    def unnamed(self, names: Names, what: str) -> None:
        """Refuse a name where none can stand."""
        if names:
            raise fail(CannotName(what), names[0].span)

    def word(self, name: tree.LayerName, context: Context, current: Tensor | None) -> str:
        """A layer's name with its expressions computed."""
        (first, *more) = name.parts
        return first if isinstance(first, str) and not more else written(name, self.environment(context, current))

    def label(self, names: tuple[tree.LayerName, ...], context: Context, current: Tensor | None) -> str | None:
        return self.word(names[0], context, current) if names else None

    def bind(self, names: tuple[tree.LayerName, ...], word: str | None, context: Context, value: Tensor) -> None:
        """Make the value of a named stage usable, unless its name is also an op's or a block's: then it is a key."""
        if word is not None and not self.is_callable(word, context):
            context.module.bind(word, value, names[0].span)

    def is_callable(self, word: str, context: Context) -> bool:
        known, value = context.scope.find(word)
        if not known:
            value = context.scope.home.names.get(word)
        return word in OPS if value is None else isinstance(value, BlockRef | OpRef)

    def environment(self, context: Context, current: Tensor | None) -> Environment:
        return Environment(
            context.scope,
            self.steps,
            current.value if current else None,
            current is not None,
            context.module.find,
            context.module.named,
            0,
        )

    def resolve(
        self, word: str, step: tree.Apply | tree.Inline | tree.Branch, context: Context
    ) -> Tensor | BlockRef | OpRef:
        """What a bare name is: a parameter first, then a named value, then a block of the file, then an op."""
        known, value = context.scope.find(word)
        if not known and step.arguments is None:
            tensor = context.module.find(word)
            if tensor is not None:
                return tensor
        if not known:
            value = context.scope.home.names.get(word, OP_REFS.get(word))
            known = value is not None
        if not known:
            if context.scope.home.is_lost(word):
                raise REPORTED
            if context.module.find(word) is not None:
                hint = f"a value takes no arguments: {word}"
                raise fail(NotALayer(word, "a value", hint), step.name.span)
            if context.module.shares_outside(word):
                hint = "its weights belong to the body that declares it, and it is applied there"
                found = "a shared layer of the body around this one"
                raise fail(NotALayer(word, found, hint, "of this one"), step.name.span)
            behind = _name_behind(word, step.name.span)
            raise fail(UnknownName(word, self._meant(word, step, context), behind), step.name.span)
        if isinstance(value, Tensor | BlockRef | OpRef):
            return value
        plain = isinstance(value, bool | int | float | str | tuple | type(None))
        hint = STAGES.get(kind(value), "").format(word)
        if isinstance(value, str):
            hint = near_op(value, OPS, context.scope.home.names)
        raise fail(NotALayer(word, described(value) if plain else kind(value), hint), step.name.span)

    def _meant(self, word: str, step: tree.Apply | tree.Inline | tree.Branch, context: Context) -> str:
        """What a stage that has no meaning may have been meant to be."""
        others = [*context.scope.visible(), *context.module.named(), *context.module.shared]
        first = step.name.parts[0]
        if len(step.name.parts) > 1 and isinstance(first, str) and (first in OPS or first in others):
            return f"arguments stand in round brackets: {first}(…)"
        if word in context.module.shared:
            return f"a shared layer is applied without arguments: {word}"
        declare = f"declare it, block {word}(…) {{ … }}, or import it" if step.arguments else ""
        near = near_op(word, OPS, others)
        if re.search(r"(?:^|\.)(?:[A-Z]\w*[123]d|Linear|\w+Norm)$", word) and step.arguments:
            near = without_input(near, [argument.span.text for argument in step.arguments])
        return near or declare

    def needs(self, current: Tensor | None, span: Span) -> Tensor:
        if current is None:
            raise fail(NoInput(), span)
        return current

    def results(self, node: Apply | Call, names: Names, label: str | None, context: Context) -> Tensor:
        """Name the results of a node; a stage of several results needs as many names or leaves the first."""
        self._made.append(node)
        self.meant.follow(node, context.module)
        if len(names) > 1:
            if len(names) != len(node.shapes):
                found = f"a stage of {len(node.shapes)} result{'s' * (len(node.shapes) > 1)}"
                raise fail(CannotUnpack(found, len(names)), names[0].span.to(names[-1].span))
            for index, name in enumerate(names):
                word = self.word(name, context, None)
                self.bind((name,), word, context, Tensor(Value(node, index)))
        else:
            self.bind(names, label, context, Tensor(Value(node)))
        return Tensor(Value(node))

    def needed(self) -> tuple[Fact, ...]:
        """What the stages so far need of the free sizes; worked out where a proof asks for it."""
        for node in self._made:
            self._needs.add(positive_sizes(node))
        self._made.clear()
        return self._needs.facts()

    def take(self, passes: int, span: Span) -> None:
        if passes > self.passes:
            raise fail(TooManyStages(limits().stages), span)
        self.passes -= passes


OP_REFS = {name: OpRef(op) for name, op in OPS.items()}
STAGES = {
    "a function": "a function computes a number, for an argument: linear({0}(…))",
    "a network": "a stage is a block: declare it as block {0}, without inputs",
}
"""What to do with names that are no stages, by what they are."""


def _wrong_name(diagnostic: Diagnostic) -> Any:
    """What tells a name with a wrong value from others; its second use is the same mistake. None for all else."""
    text = diagnostic.span.text if diagnostic.span else ""
    if not isinstance(diagnostic.problem, WrongType) or not text.isidentifier() or text in ("true", "false", "none"):
        return None
    return diagnostic.problem, diagnostic.notes, text


def _named(link: tree.Link) -> Iterator[tree.LayerName]:
    """The names that a link gives, also those inside repetitions and choices, which open no module."""
    yield from link.names
    for body in _bodies(link.step):
        for statement in body.statements:
            if isinstance(statement, tree.Chain):
                for inner in statement.links:
                    yield from _named(inner)


def _name_behind(word: str, span: Span) -> str:
    """How to name a stage, where a name stands behind it at the end of a line: `conv(8, kernel=3) -> f`."""
    text = span.source.text
    line = text[text.rfind("\n", 0, span.start) + 1 : span.start]
    named = re.search(r"(\w+(?:\([^()]*\))?)\s*->\s*$", line)
    if named is None or not re.match(r"[ \t]*(?:#.*)?$", text[span.end :], re.MULTILINE):
        return ""
    return f"a name stands in front of the stage that it names: {word} = {named[1]}"


def _bodies(step: tree.Step) -> Iterator[tree.Body]:
    if isinstance(step, tree.Repeat | tree.For | tree.With):
        yield step.body
    elif isinstance(step, tree.Branch):
        yield from step.arms
    elif isinstance(step, tree.If):
        yield step.then
        if step.otherwise:
            yield from (step.otherwise,) if isinstance(step.otherwise, tree.Body) else _bodies(step.otherwise)


def broken(expander: Expander, step: tree.Broken, context: Context, current: Tensor | None, names: Names) -> Tensor:
    """What could not be read was reported."""
    raise REPORTED


def elsewhere(expander: Expander, statement: tree.Statement, context: Context, current: Tensor | None) -> Tensor | None:
    """Statements that only a network has."""
    what: dict[type[tree.Tree], str] = {
        tree.InputDeclaration: "an input",
        tree.Output: "an output",
        tree.Expect: "an expectation",
    }
    problem = MisplacedStatement(what[type(statement)], "directly in the body of a network")
    raise fail(problem, statement.span)


_STEPS: dict[type[tree.Tree], Callable[[Expander, Any, Context, Tensor | None, Names], Any]] = {
    tree.Apply: layers.apply,
    tree.Branch: layers.branch,
    tree.Inline: blocks.inline,
    tree.Group: blocks.group,
    tree.Repeat: control.repeat,
    tree.For: control.for_,
    tree.If: control.if_,
    tree.With: control.with_,
    tree.Broken: broken,
}

_STATEMENTS: dict[type[tree.Tree], Callable[[Expander, Any, Context, Tensor | None], Tensor | None]] = {
    tree.Chain: Expander.chain,
    tree.Shared: layers.shared,
    tree.InputDeclaration: elsewhere,
    tree.Output: elsewhere,
    tree.Expect: elsewhere,
}
