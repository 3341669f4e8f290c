"""Stages that leave what they are given, and norms of what is normed."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Body, Checked, everywhere
from archdsl.diagnostics import Diagnostic, Label, Problem
from archdsl.graph.nodes import Apply, Call


class NormTwice(Problem):
    """A norm right after a norm: the second finds values that are normed already.

    conv(64, kernel=3, bias=false) -> batch_norm -> batch_norm -> relu      # warning[norm-twice]
    conv(64, kernel=3, bias=false) -> batch_norm -> relu                    # good
    """

    code = "norm-twice"
    severity = "warning"
    message = "{name} right after {first}"
    label = "the second one"
    name: str
    first: str

    def help(self) -> str:
        return "remove one of them"


class NoEffect(Problem):
    """A stage that leaves what it is given, wherever it is used: it was meant to do something else, or can go.

    input image: [N, 3, 32, 32]
    max_pool(1)      # note[no-effect]
    max_pool(2)      # good
    """

    code = "no-effect"
    severity = "note"
    message = "this {name} leaves what it is given"
    name: str

    def help(self) -> str:
        return "remove it"


def idle(checked: Checked) -> Iterator[Diagnostic]:
    def rule(node: Apply | Call, body: Body) -> Diagnostic | None:
        if not isinstance(node, Apply) or node.span is None or not node.inputs:
            return None
        op, x, before = node.op, node.inputs[0].shape, node.inputs[0].node
        if op.is_norm and isinstance(before, Apply) and before.op.is_norm:
            labels = (Label(before.span, "the first one"),) if before.span else ()
            return Diagnostic(NormTwice(op.name, before.op.name), node.span, labels)
        is_meant = op.is_noop_in_evaluation
        if not is_meant and len(node.inputs) == len(node.shapes) == 1 and op.is_noop(x, node.shapes[0]):
            return Diagnostic(NoEffect(op.name), node.span)
        return None

    return everywhere(checked, rule)
