"""A classifier that ends in softmax."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Checked
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.graph.nodes import Apply, Call, Graph, Value

SCORES = ("convolution", "linear", "pooling", "form")
"""What kinds of layers leave the scores of classes."""


class EndsInSoftmax(Problem):
    """Cross entropy takes what comes before softmax: a network that is trained on its probabilities learns slowly.

        input x: [N, 8]
        linear(4) -> softmax      # note[ends-in-softmax]
        linear(4)                 # good: the logits

    Without softmax at its end the network leaves logits, from which the loss computes the same and rounds less. Nothing
    is said where the logits are an output too.
    """

    code = "ends-in-softmax"
    severity = "note"
    message = "this network leaves {what}; cross entropy takes what comes before {op}"
    op: str
    what: str

    def help(self) -> str:
        return f"remove {self.op}, and apply it when the network is used"


def softmax(checked: Checked) -> Iterator[Diagnostic]:
    seen: set[Value] = set()
    for graph in checked.graphs:
        outputs = [last(value) for value in graph.outputs]
        for value in outputs:
            node = value.node
            if not isinstance(node, Apply) or not node.op.makes_probabilities or value in seen:
                continue
            seen.add(value)
            logits = last(node.inputs[0])
            if node.span is None or node.span.source is not checked.source or logits in outputs:
                continue
            if isinstance(logits.node, Apply) and logits.node.op.chapter.kind in SCORES:
                what = "probabilities" if node.op.curve.lowest == 0 else "logarithms of probabilities"
                yield Diagnostic(EndsInSoftmax(node.op.name, what), node.span)


def last(value: Value) -> Value:
    """What a value is, blocks opened."""
    while isinstance(value.node, Call):
        graph: Graph = value.node.graph
        value = graph.outputs[value.index]
    return value
