"""Stages and inputs whose values nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Body, Checked, Stage, everywhere, place
from archdsl.analyses.lints.mentions import pattern
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.graph.nodes import Apply, Call, Node, Value
from archdsl.syntax import tree


class DeadValue(Problem):
    """What a stage leaves reaches no output: it is computed, and its weights are kept, for nothing.

        input image: [N, 3, 8, 8]
        image -> a = conv(8, kernel=1)      # warning[dead-value]
        image -> a = conv(8, kernel=1)      # good: the join uses it
        image -> conv(8, kernel=1)
        add { | identity | a }      # good

    Training on several machines stops at such weights: PyTorch's DistributedDataParallel waits for all gradients.
    """

    code = "dead-value"
    severity = "warning"
    message = "{what} reaches no output"
    what: str
    name: str | None

    def help(self) -> str:
        return f"use {self.name} in a later stage or remove it" if self.name else "remove it, or name it and use it"


def dead(checked: Checked) -> Iterator[Diagnostic]:
    """The last stage of each dead stretch; what leads to it is dead because it is."""
    yield from everywhere(checked, lambda node, body: _stage(checked, node, body))
    yield from _inputs(checked)


def _stage(checked: Checked, node: Apply | Call, body: Body) -> Diagnostic | None:
    if node.span is None or not _unused(body, node):
        return None
    stage = checked.stages.get(place(node.span))
    if stage is None or not stage.link.names:
        kind = node.op.name if isinstance(node, Apply) else node.graph.name or "group"
        what = f"this {kind}" if stage else f"the shared {node.key}"
        return Diagnostic(DeadValue(f"what {what} leaves", None), node.span)
    if _mentioned(stage, checked.words[stage.item]):
        return None
    name = stage.link.names[0]
    return Diagnostic(DeadValue(name.span.text, name.span.text), name.span)


def _unused(body: Body, node: Node) -> bool:
    values = [Value(node, index) for index in range(len(node.shapes))]
    return not any(body.users.get(value) or value in body.outputs for value in values)


def _mentioned(stage: Stage, words: set[str]) -> bool:
    """Whether the text speaks of one of a stage's names: then it is used where another choice is made."""
    return any(pattern(name) in words or (len(name.parts) > 1 and _may_be(name, words)) for name in stage.link.names)


def _may_be(name: tree.LayerName, words: set[str]) -> bool:
    first = name.parts[0]
    return isinstance(first, str) and any(word.startswith(first) for word in words)


def _inputs(checked: Checked) -> Iterator[Diagnostic]:
    """Inputs of networks that nothing takes, in any network made from the same text."""
    found: dict[tuple[int, int], Diagnostic | None] = {}
    networks = [item for item in checked.file.items if isinstance(item, tree.Network)]
    items = {place(statement.span): item for item in networks for statement in item.body.statements}
    for body in checked.bodies:
        if body.graph.kind != "network":
            continue
        for entry in body.graph.inputs:
            if entry.span is None or entry.span.source is not checked.source:
                continue
            spoken_of = entry.name in checked.words[items[place(entry.span)]]
            idle = not spoken_of and _unused(body, entry)
            problem = Diagnostic(DeadValue(f"the input {entry.name}", entry.name), entry.span) if idle else None
            found[place(entry.span)] = problem and found.get(place(entry.span), problem)
    yield from (problem for problem in found.values() if problem)
