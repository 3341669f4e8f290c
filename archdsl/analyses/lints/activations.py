"""The same activation twice, and activations that change nothing, or whose work the next one does again."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Body, Checked, Stage, everywhere, place
from archdsl.diagnostics import Diagnostic, Edit, Label, Problem
from archdsl.graph.nodes import Apply, Call
from archdsl.source import Span
from archdsl.syntax import tree

ACTIVATIONS = frozenset(
    (
        *("relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "mish", "hardswish", "hardsigmoid"),
        *("softplus", "sigmoid", "tanh", "softmax", "log_softmax"),
    )
)
IDEMPOTENT = frozenset(("relu", "relu6"))
"""Done twice they leave what they leave when done once."""

NEVER_NEGATIVE = frozenset(("relu", "relu6", "sigmoid", "hardsigmoid", "softplus", "softmax"))
KEEP_POSITIVE = frozenset(("relu", "leaky_relu", "prelu", "elu"))
"""They pass on what is not negative as it is."""

AT_MOST_6 = frozenset(("relu6", "sigmoid", "hardsigmoid", "softmax"))
CUT_NEGATIVE = frozenset(("relu", "relu6"))
LIKE_RELU_ABOVE_0 = frozenset(("relu", "leaky_relu", "elu"))
"""They keep the sign, and what is not negative: a relu behind them finds what it would find without them."""


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

    def help(self) -> str:
        more = ": the values stay the same" if self.name in IDEMPOTENT else ""
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
        if not isinstance(node, Apply) or node.op.name not in ACTIVATIONS or node.span is None:
            return None
        name = node.op.name
        before, after = node.inputs[0].node, body.only_user(node)
        if isinstance(before, Apply) and before.op.name in ACTIVATIONS:
            first = before.op.name
            labels = (Label(before.span, "the first one"),) if before.span else ()
            if first == name:
                return Diagnostic(ActivationTwice(name), node.span, labels, edits=_removal(checked, node))
            if first in NEVER_NEGATIVE and name in KEEP_POSITIVE:
                return Diagnostic(ActivationWithoutEffect(name, f"{first} leaves nothing negative"), node.span)
            if first in AT_MOST_6 and name == "relu6":
                return Diagnostic(ActivationWithoutEffect(name, f"{first} leaves values from 0 to 6"), node.span)
        if isinstance(after, Apply) and after.op.name in CUT_NEGATIVE and name in LIKE_RELU_ABOVE_0 - {after.op.name}:
            kept = name != "leaky_relu" or node.op.slope >= 0
            if kept:
                reason = f"{after.op.name} behind it leaves the same without it"
                return Diagnostic(ActivationWithoutEffect(name, reason), node.span)
        return None

    return everywhere(checked, rule)


def _removal(checked: Checked, node: Apply) -> tuple[Edit, ...]:
    """The edit that removes a repeated stage, where that changes no value and the stage has nothing else to it."""
    assert node.span
    stage = checked.stages.get(place(node.span))
    if stage is None or node.op.name not in IDEMPOTENT or not _bare(stage, node.op.name):
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
