"""The same activation twice, and activations that change nothing, or whose work the next one does again."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from archdsl.analyses.lints.checked import Body, Checked, Stage, everywhere, place
from archdsl.diagnostics import Diagnostic, Edit, Label, Problem
from archdsl.graph.nodes import Apply, Call
from archdsl.ops import Op
from archdsl.source import Span
from archdsl.syntax import tree


class ActivationTwice(Problem):
    """The same activation right after itself: one of the two was meant to be something else, or to be elsewhere.

    conv(64, kernel=3) -> relu -> relu      # warning[activation-twice]
    conv(64, kernel=3) -> relu              # good
    """

    code = "activation-twice"
    severity = "warning"
    message = "{name} right after {name}"
    label = "the second one"
    name: str
    is_idempotent: bool

    def help(self) -> str:
        more = ": the values stay the same" if self.is_idempotent else ""
        return f"remove one of them{more}"


class ActivationWithoutEffect(Problem):
    """One of two activations in a row changes nothing: what the other one leaves is the same with and without it.

    conv(64, kernel=3) -> sigmoid -> relu      # warning[activation-without-effect]
    conv(64, kernel=3) -> sigmoid              # good
    """

    code = "activation-without-effect"
    severity = "warning"
    message = "this {name} changes nothing: {reason}"
    name: str
    reason: str

    def help(self) -> str:
        return f"remove {self.name}"


def activations(checked: Checked) -> Iterator[Diagnostic]:
    def rule(node: Apply | Call, body: Body) -> Diagnostic | None:
        if not isinstance(node, Apply) or not node.op.is_activation or node.span is None:
            return None
        op: Op = node.op
        before, after = node.inputs[0].node, body.only_user(node)
        if isinstance(before, Apply) and before.op.is_activation:
            if before.op.name == op.name:
                labels = (Label(before.span, "the first one"),) if before.span else ()
                problem = ActivationTwice(op.name, op.is_idempotent)
                return Diagnostic(problem, node.span, labels, edits=_removal(checked, node))
            if _keeps_all(op, before.op):
                return Diagnostic(ActivationWithoutEffect(op.name, f"{before.op.name} leaves {_kept(op)}"), node.span)
        if isinstance(after, Apply) and after.op.name != op.name and _is_done_again(op, after.op):
            reason = f"{after.op.name} behind it leaves the same without it"
            return Diagnostic(ActivationWithoutEffect(op.name, reason), node.span)
        return None

    return everywhere(checked, rule)


def _keeps_all(op: Op, before: Op) -> bool:
    """Whether an activation leaves whatever the one before it can leave as it is."""
    kept = op.curve.identity
    return kept is not None and kept[0] <= before.curve.lowest and before.curve.highest <= kept[1]


def _kept(op: Op) -> str:
    lowest, highest = op.curve.identity or (-inf, inf)
    return "nothing negative" if (lowest, highest) == (0, inf) else f"values from {lowest:g} to {highest:g}"


def _is_done_again(op: Op, after: Op) -> bool:
    """Whether the next activation leaves the same without this one.

    It does where it is flat up to a number from which on this one changes nothing, below which this one stays.
    """
    kept, flat = op.curve.identity, after.curve.flat_below
    return flat is not None and kept is not None and kept[0] <= flat and kept[1] == inf and op.curve.is_monotone


def _removal(checked: Checked, node: Apply) -> tuple[Edit, ...]:
    """The edit that removes a repeated stage, where that changes no value and the stage has nothing else to it."""
    assert node.span
    stage = checked.stages.get(place(node.span))
    if stage is None or not node.op.is_idempotent or not _bare(stage, node.op.name):
        return ()
    link, before, source = stage.link, stage.before, node.span.source
    if before is None or not isinstance(before.step, tree.Apply) or before.step.name.parts != (node.op.name,):
        return ()
    between = source.text[before.span.end : link.span.start]
    if "->" in between and "#" not in between:
        return (Edit(Span(source, before.span.end, link.span.end), ""),)
    if not stage.alone:
        return ()
    start = source.text.rfind("\n", 0, link.span.start) + 1
    end = source.text.find("\n", link.span.end) + 1
    whole = end > 0 and source.text[start:end].strip() == node.op.name
    return (Edit(Span(source, start, end), ""),) if whole else ()


def _bare(stage: Stage, name: str) -> bool:
    link = stage.link
    return link.span.text == name and not link.names and link.contract is None
