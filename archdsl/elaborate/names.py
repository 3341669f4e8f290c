"""Names of stages: what a word means here, and what a stage's own name comes to stand for."""

from __future__ import annotations

import re

from archdsl.diagnostics import Problem
from archdsl.elaborate.context import Context, Names, environment
from archdsl.elaborate.evaluate import written
from archdsl.elaborate.foreign import near_op, without_input
from archdsl.elaborate.mistake import POISONED, error
from archdsl.elaborate.scope import UnknownName
from archdsl.elaborate.values import BlockRef, OpRef, ValueRef, described, kind
from archdsl.graph.nodes import Apply, Call, Value
from archdsl.ops import OPS
from archdsl.source import Span
from archdsl.syntax import tree


class CannotUnpack(Problem):
    """A loop over several names needs items of as many parts.

    for (n, channels) in [64, 128] { conv(channels, kernel=n) }                # error[cannot-unpack]
    for (n, channels) in [(1, 64), (3, 128)] { conv(channels, kernel=n) }      # good
    """

    code = "cannot-unpack"
    message = "{found} does not unpack into {count} names"
    found: str
    count: int
    hint: str = ""

    def help(self) -> str:
        return self.hint


class NotALayer(Problem):
    """A stage is an op, a block, a shared layer or a named value.

    network t(depth=3) {
        input x: [N, 4]
        depth                                   # error[not-a-layer]
        repeat depth { linear(4) -> relu }      # good
    }
    """

    code = "not-a-layer"
    message = "{name} is {found}, not {wanted}"
    name: str
    found: str
    hint: str = ""
    wanted: str = "a layer"

    def help(self) -> str:
        return self.hint


class CannotName(Problem):
    """Repetition and choice have no name of their own; a group has.

    body = repeat 3 { relu }          # error[cannot-name]
    body = { repeat 3 { relu } }      # good
    """

    code = "cannot-name"
    message = "{what} cannot have a name"
    what: str

    def help(self) -> str:
        return "name a group around it: name = { … }"


OP_REFS = {name: OpRef(op) for name, op in OPS.items()}
STAGES = {
    "a function": "a function computes a number, for an argument: linear({0}(…))",
    "a network": "a stage is a block: declare it as block {0}, without inputs",
}
"""What to do with names that are no stages, by what they are."""


def computed(name: tree.LayerName, context: Context, current: ValueRef | None) -> str:
    """A layer's name with its expressions computed."""
    (first, *more) = name.parts
    return first if isinstance(first, str) and not more else written(name, environment(context, current))


def label_of(names: Names, context: Context, current: ValueRef | None) -> str | None:
    """The name that a stage is given, if it is given one."""
    return computed(names[0], context, current) if names else None


def unnamed(names: Names, what: str) -> None:
    """Refuse a name where none can stand."""
    if names:
        raise error(CannotName(what), names[0].span)


def bind_name(names: Names, label: str | None, context: Context, value: ValueRef) -> None:
    """Make the value of a named stage usable, unless its name is also an op's or a block's: then it is a key."""
    if label is not None and not is_callable(label, context):
        context.module.bind(label, value, names[0].span)


def bind_results(node: Apply | Call, names: Names, label: str | None, context: Context) -> ValueRef:
    """Name the results of a node; a stage of several results needs as many names or leaves the first."""
    context.run.made.append(node)
    context.run.recovery.follow(node, context.module, context.run.known)
    if len(names) > 1:
        if len(names) != len(node.shapes):
            found = f"a stage of {len(node.shapes)} result{'s' * (len(node.shapes) > 1)}"
            raise error(CannotUnpack(found, len(names)), names[0].span.to(names[-1].span))
        for index, name in enumerate(names):
            bind_name((name,), computed(name, context, None), context, ValueRef(Value(node, index)))
    else:
        bind_name(names, label, context, ValueRef(Value(node)))
    return ValueRef(Value(node))


def is_callable(name: str, context: Context) -> bool:
    """Whether a name is an op's or a block's here."""
    known, value = context.scope.find(name)
    if not known:
        value = context.scope.home.names.get(name)
    return name in OPS if value is None else isinstance(value, BlockRef | OpRef)


def resolve(name: str, step: tree.Apply | tree.Inline | tree.Branch, context: Context) -> ValueRef | BlockRef | OpRef:
    """What a bare name is: a parameter first, then a named value, then a block of the file, then an op."""
    known, value = context.scope.find(name)
    value = context.module.inside(value, name)
    if not known and step.arguments is None:
        tensor = context.module.find(name)
        if tensor is not None:
            return tensor
    if not known:
        value = context.scope.home.names.get(name, OP_REFS.get(name))
        known = value is not None
    if not known:
        if context.scope.home.is_lost(name):
            raise POISONED
        if context.module.find(name) is not None:
            hint = f"a value takes no arguments: {name}"
            raise error(NotALayer(name, "a value", hint), step.name.span)
        if context.module.shares_outside(name):
            hint = "its weights belong to the body that declares it, and it is applied there"
            found = "a shared layer of the body around this one"
            raise error(NotALayer(name, found, hint, "of this one"), step.name.span)
        behind = _name_behind(name, step.name.span)
        raise error(UnknownName(name, _likely(name, step, context), behind), step.name.span)
    if isinstance(value, ValueRef | BlockRef | OpRef):
        return value
    plain = isinstance(value, bool | int | float | str | tuple | type(None))
    hint = STAGES.get(kind(value), "").format(name)
    if isinstance(value, str):
        hint = near_op(value, OPS, context.scope.home.names)
    raise error(NotALayer(name, described(value) if plain else kind(value), hint), step.name.span)


def _likely(name: str, step: tree.Apply | tree.Inline | tree.Branch, context: Context) -> str:
    """What a stage that has no meaning may have been meant to be."""
    others = [*context.scope.visible(), *context.module.named(), *context.module.shared]
    first = step.name.parts[0]
    if len(step.name.parts) > 1 and isinstance(first, str) and (first in OPS or first in others):
        return f"arguments stand in round brackets: {first}(…)"
    if name in context.module.shared:
        return f"a shared layer is applied without arguments: {name}"
    declare = f"declare it, block {name}(…) {{ … }}, or import it" if step.arguments else ""
    near = near_op(name, OPS, others)
    if re.search(r"(?:^|\.)(?:[A-Z]\w*[123]d|Linear|\w+Norm)$", name) and step.arguments:
        near = without_input(near, [argument.span.text for argument in step.arguments])
    return near or declare


def _name_behind(name: str, span: Span) -> str:
    """How to name a stage, where a name stands behind it at the end of a line: `conv(8, kernel=3) -> f`."""
    text = span.source.text
    line = text[text.rfind("\n", 0, span.start) + 1 : span.start]
    named = re.search(r"(\w+(?:\([^()]*\))?)\s*->\s*$", line)
    if named is None or not re.match(r"[ \t]*(?:#.*)?$", text[span.end :], re.MULTILINE):
        return ""
    return f"a name stands in front of the stage that it names: {name} = {named[1]}"
