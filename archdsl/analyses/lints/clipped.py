"""A classifier or a regression whose last linear layer is cut off or thinned out."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from archdsl.analyses.lints.checked import Checked
from archdsl.analyses.lints.softmax import last
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.graph.nodes import Apply, Value
from archdsl.ops import Op


class ClippedOutput(Problem):
    """What a last linear layer leaves is the answer: an activation or dropout behind it takes a part of it away.

        input x: [N, 8]
        linear(16) -> relu
        linear(4) -> relu      # note[clipped-output]
        linear(4)              # good

    Where nothing below zero is wanted, as of counts, a comment says so: `# allow: clipped-output`.
    """

    code = "clipped-output"
    severity = "note"
    message = "the output of this network {what} by {op}"
    op: str
    what: str

    def help(self) -> str:
        return f"remove {self.op}"


def clipped(checked: Checked) -> Iterator[Diagnostic]:
    seen: set[Value] = set()
    for graph in checked.graphs:
        for value in map(last, graph.outputs):
            node = value.node
            lost = _lost(node.op) if isinstance(node, Apply) else ""
            if not isinstance(node, Apply) or not lost or value in seen or node.span is None:
                continue
            seen.add(value)
            before = last(node.inputs[0]).node
            if node.span.source is checked.source and isinstance(before, Apply) and _is_linear(before):
                yield Diagnostic(ClippedOutput(node.op.name, lost), node.span)


def _is_linear(node: Apply) -> bool:
    return bool(node.inputs) and node.op.feature_axis(node.inputs[0].shape) == node.inputs[0].shape.rank - 1


def _lost(op: Op) -> str:
    """What an op takes away of a value; empty where it does not."""
    if op.is_regularizer:
        return "loses some at random"
    if not op.is_activation or not op.is_idempotent or op.curve.identity is None:
        return ""
    lowest, highest = op.curve.lowest, op.curve.highest
    return "loses its negative values" if highest == inf else f"keeps values from {lowest:g} to {highest:g}"
