"""Windows that step over what lies between them."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import AXES, Body, Checked, everywhere
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.graph.nodes import Apply, Call


class StrideSkips(Problem):
    """A stride larger than the window leaves stretches of the input that no window ever sees.

        max_pool(2, stride=3)      # warning[stride-skips]
        max_pool(3, stride=3)      # good

    Nothing is said of windows of one element, such as `conv(64, kernel=1, stride=2)`: they are there to thin out.
    """

    code = "stride-skips"
    severity = "warning"
    message = "windows of {span} {axis} that are {stride} apart leave {unseen} of {stride} {axis} unseen"
    span: int
    stride: int
    unseen: int
    axis: str

    def help(self) -> str:
        return f"a stride of {self.span} sees them all, and so does a window of {self.stride}"


def strides(checked: Checked) -> Iterator[Diagnostic]:
    def rule(node: Apply | Call, body: Body) -> Diagnostic | None:
        window = node.op.window if isinstance(node, Apply) else None
        if window is None or node.span is None:
            return None
        for axis, (kernel, stride, dilation) in enumerate(
            zip(window.kernel, window.stride, window.dilation, strict=True)
        ):
            span = dilation * (kernel - 1) + 1
            if 1 < span < stride:
                name = AXES[len(window.kernel)][axis]
                return Diagnostic(StrideSkips(span, stride, stride - span, name), node.span)
        return None

    return everywhere(checked, rule)
