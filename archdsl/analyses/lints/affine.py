"""Two linear maps in a row, which one of them could do."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Body, Checked, everywhere
from archdsl.diagnostics import Diagnostic, Label, Problem
from archdsl.graph.nodes import Apply, Call
from archdsl.ops import Op


class AffineTwice(Problem):
    """Two linear layers, or two convolutions, with nothing between them are together no more than one.

        conv(64, kernel=3) -> conv(64, kernel=3) -> relu      # note[affine-twice]
        conv(64, kernel=3) -> relu -> conv(64, kernel=3)      # good

    Nothing is said of what is done to save weights: convolutions in groups, and a first layer that leaves fewer
    channels than come in and go out.
    """

    code = "affine-twice"
    severity = "note"
    message = "two {op} layers with nothing between them are one linear map"
    op: str

    def help(self) -> str:
        return "put an activation between them: -> relu ->"


def affine(checked: Checked) -> Iterator[Diagnostic]:
    def rule(node: Apply | Call, body: Body) -> Diagnostic | None:
        axis = node.op.feature_axis(node.inputs[0].shape) if isinstance(node, Apply) and node.inputs else None
        if not isinstance(node, Apply) or axis is None or node.span is None:
            return None
        after = body.only_user(node)
        if not isinstance(after, Apply) or after.op.name != node.op.name or after.span in (None, node.span):
            return None
        if _is_grouped(node.op) or _is_grouped(after.op):
            return None
        first, middle, last = (x.dims[axis] for x in (node.inputs[0].shape, node.shapes[0], after.shapes[0]))
        if isinstance(middle, int) and isinstance(first, int) and isinstance(last, int) and middle < min(first, last):
            return None
        return Diagnostic(AffineTwice(node.op.name), after.span, (Label(node.span, "the first one"),))

    return everywhere(checked, rule)


def _is_grouped(op: Op) -> bool:
    return bool(op.values().get("groups", 1) > 1)
