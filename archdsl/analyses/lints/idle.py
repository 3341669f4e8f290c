"""Stages that leave what they are given, and norms of what is normed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from archdsl.analyses.lints.checked import Body, Checked, everywhere
from archdsl.diagnostics import Diagnostic, Label, Problem
from archdsl.graph.nodes import Apply, Call

NORMS = frozenset(("batch_norm", "layer_norm", "group_norm", "instance_norm"))


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
        name, before = node.op.name, node.inputs[0].node
        if name in NORMS and isinstance(before, Apply) and before.op.name in NORMS:
            labels = (Label(before.span, "the first one"),) if before.span else ()
            return Diagnostic(NormTwice(name, before.op.name), node.span, labels)
        same = len(node.shapes) == 1 and node.shapes[0] == node.inputs[0].shape
        if same and name in IDLE and IDLE[name](node.op):
            return Diagnostic(NoEffect(name), node.span)
        return None

    return everywhere(checked, rule)


def _is_ones(op: Any) -> bool:
    return set(op.kernel) == {1}


IDLE: dict[str, Callable[[Any], bool]] = {
    "flatten": lambda op: True,
    "reshape": lambda op: True,
    "global_avg_pool": lambda op: True,
    "global_max_pool": lambda op: True,
    "permute": lambda op: list(op.axes) == sorted(op.axes),
    "upsample": lambda op: True,
    "slice": lambda op: True,
    "max_pool": _is_ones,
    "avg_pool": _is_ones,
}
"""When an op that leaves the shape that it is given leaves the values too."""
