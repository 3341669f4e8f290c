"""A classifier or a regression whose last linear layer is cut off or thinned out."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Checked
from archdsl.analyses.lints.softmax import last
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.graph.nodes import Apply, Value

CLIPPING = {"relu": "loses its negative values", "relu6": "keeps values from 0 to 6", "dropout": "loses some at random"}


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
            if not isinstance(node, Apply) or node.op.name not in CLIPPING or value in seen or node.span is None:
                continue
            seen.add(value)
            before = last(node.inputs[0]).node
            if node.span.source is checked.source and isinstance(before, Apply) and before.op.name == "linear":
                yield Diagnostic(ClippedOutput(node.op.name, CLIPPING[node.op.name]), node.span)
