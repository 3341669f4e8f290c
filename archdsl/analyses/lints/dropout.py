"""Dropout whose noise batch norm then measures."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Body, Checked, everywhere
from archdsl.diagnostics import Diagnostic, Label, Problem
from archdsl.graph.nodes import Apply, Call


class DropoutBeforeNorm(Problem):
    """Dropout changes the variance in training only, so the variance that batch norm learns is wrong when it is used.

        conv(64, kernel=3, bias=false) -> dropout(0.5) -> batch_norm -> relu      # warning[dropout-before-norm]
        conv(64, kernel=3, bias=false) -> batch_norm -> relu -> dropout(0.5)      # good

    Li and others, 'Understanding the disharmony between dropout and batch normalization by variance shift', 2019.
    """

    code = "dropout-before-norm"
    severity = "warning"
    message = "{norm} learns a variance that this {op} changes in training only"
    norm: str
    op: str

    def help(self) -> str:
        return f"move it behind {self.norm} and the activation"


def dropout(checked: Checked) -> Iterator[Diagnostic]:
    def rule(node: Apply | Call, body: Body) -> Diagnostic | None:
        if not isinstance(node, Apply) or not node.op.is_regularizer or not node.op.values()["p"]:
            return None
        norm = body.only_user(node)
        if not isinstance(norm, Apply) or not norm.op.has_batch_statistics or node.span is None:
            return None
        problem = DropoutBeforeNorm(norm.op.name, node.op.name)
        return Diagnostic(problem, node.span, (Label(norm.span, "learns it"),) if norm.span else ())

    return everywhere(checked, rule)
