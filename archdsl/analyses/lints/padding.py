"""Convolutions padded so widely that some windows see nothing of their input."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import AXES, Body, Checked, everywhere
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.graph.nodes import Apply, Call


class WindowOfPadding(Problem):
    """Padding as wide as the window makes windows that see nothing but padding: they leave a frame of the bias alone.

        conv(64, kernel=1, padding=1)      # warning[window-of-padding]
        conv(64, kernel=1)                 # good

    A kernel that was changed from 3 to 1 and kept its padding is the usual cause; the image grows by the frame.
    """

    code = "window-of-padding"
    severity = "warning"
    message = "windows of {span} {axis} at the edge see nothing but padding of {padding}"
    span: int
    axis: str
    padding: int

    def help(self) -> str:
        return f"padding={(self.span - 1) // 2} keeps windows over the input"


def padding(checked: Checked) -> Iterator[Diagnostic]:
    def rule(node: Apply | Call, body: Body) -> Diagnostic | None:
        window = node.op.window if isinstance(node, Apply) else None
        if window is None or node.span is None:
            return None
        for axis, (kernel, wide, dilation) in enumerate(
            zip(window.kernel, window.padding, window.dilation, strict=True)
        ):
            span = dilation * (kernel - 1) + 1
            if wide >= span:
                name = AXES[len(window.kernel)][axis] if span > 1 else AXES[len(window.kernel)][axis].removesuffix("s")
                return Diagnostic(WindowOfPadding(span, name, wide), node.span)
        return None

    return everywhere(checked, rule)
