"""A body is walked with one current value: its statements, their chains, and each step by the run's table.

A stage that fails is reported and leaves an unknown value, which later stages pass on in silence: one mistake, one
diagnostic, and all mistakes in one run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archdsl.diagnostics import Diagnostic, Problem
from archdsl.elaborate import contracts
from archdsl.elaborate.context import POISON, Context, Names, environment
from archdsl.elaborate.mistake import Mistake, error
from archdsl.elaborate.names import computed, is_callable
from archdsl.elaborate.provenance import origin
from archdsl.elaborate.values import ValueRef, WrongType
from archdsl.graph.nodes import Value
from archdsl.record import replace
from archdsl.source import Span
from archdsl.syntax import tree


class NoInput(Problem):
    """A network says first what it is given.

    network t {
        relu                 # error[no-input]
        input x: [N, 4]      # good
        relu                 # good
    }
    """

    code = "no-input"
    message = "there is no value to work on yet"

    def help(self) -> str:
        return "declare the input first: input image: [N, 3, 224, 224]"


def walk(body: tree.Body, context: Context, current: ValueRef | None) -> ValueRef | None:
    """The value that a body leaves; its mistakes are reported."""
    for statement in body.statements:
        try:
            current = walk_statement(statement, context, current)
        except Mistake as mistake:
            report(mistake, context)
            current = POISON
    return current


def walk_statement(statement: tree.Statement, context: Context, current: ValueRef | None) -> ValueRef | None:
    if isinstance(statement, tree.Chain):
        return walk_chain(statement, context, current)
    return context.run.rules.statements[type(statement)](statement, context, current)


def walk_chain(chain: tree.Chain, context: Context, current: ValueRef | None) -> ValueRef | None:
    for link in chain.links:
        try:
            current = _link(link, context, current)
        except Mistake as mistake:
            report(mistake, context)
            _forget(link, context)
            current = POISON
    return current


def walk_step(step: tree.Step, context: Context, current: ValueRef | None, names: Names = ()) -> ValueRef | None:
    """One step of a chain, by the table."""
    return context.run.rules.steps[type(step)](step, context, current, names)


def given(current: ValueRef | None, span: Span) -> ValueRef:
    """The value that a stage is given; a mistake where there is none yet."""
    if current is None:
        raise error(NoInput(), span)
    return current


def report(mistake: Mistake, context: Context) -> None:
    """Add a mistake to the problems of the run, with the way to it."""
    run = context.run
    for found in (mistake.diagnostic, *mistake.others):
        if not found:
            continue
        notes = context.trace.notes() if context.trace else ()
        diagnostic = replace(found, notes=(*found.notes, *notes))
        wrong = _wrong_name(diagnostic)
        if wrong is None or wrong not in run.wrong:
            run.problems.append(diagnostic)
        run.wrong.add(wrong)


def _wrong_name(diagnostic: Diagnostic) -> Any:
    """What tells a name with a wrong value from others; its second use is the same mistake. None for all else."""
    text = diagnostic.span.text if diagnostic.span else ""
    if not isinstance(diagnostic.problem, WrongType) or not text.isidentifier() or text in ("true", "false", "none"):
        return None
    return diagnostic.problem, diagnostic.notes, text


def _link(link: tree.Link, context: Context, current: ValueRef | None) -> ValueRef | None:
    result = walk_step(link.step, context, current, link.names)
    if link.contract and result and result.value:
        _claim(link.contract, result.value, context)
        return result if len(link.contract.items) == result.value.shape.rank else POISON
    return result


def _claim(claim: tree.Sequence, value: Value, context: Context) -> None:
    """Hold a value against what is claimed of it. The value is known all the same if a claimed size is wrong; where
    the number of axes is, the stages behind it are for other values."""
    env, recovery = environment(context, ValueRef(value)), context.run.recovery
    try:
        contracts.check(claim, value.shape, env, lambda axis: origin(value, axis))
    except Mistake as mistake:
        if not recovery.excuses([value], context.module, lambda shape: contracts.check(claim, shape, env)):
            report(mistake, context)
            if len(claim.items) == value.shape.rank:
                recovery.claim(value, contracts.claimed(claim, env))


def _forget(link: tree.Link, context: Context) -> None:
    """A stage that failed still owns its names, so that their uses are not reported as well."""
    for name in _named(link):
        try:
            own = computed(name, context, POISON)
        except Mistake:
            continue
        if own not in context.module.places and not is_callable(own, context):
            context.module.bind(own, POISON, name.span)


def _named(link: tree.Link) -> Iterator[tree.LayerName]:
    """The names that a link gives, also those inside repetitions and choices, which open no module."""
    yield from link.names
    for body in tree.own_bodies(link.step):
        for statement in body.statements:
            if isinstance(statement, tree.Chain):
                for inner in statement.links:
                    yield from _named(inner)
