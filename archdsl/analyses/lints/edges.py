"""Rows and columns at the end that no window reaches."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import AXES, Checked, place
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.graph.nodes import Apply


class UnseenEdge(Problem):
    """Where the stride does not fit the size, the last rows or columns of the input are in no window.

        input image: [N, 15, 9, 9]
        max_pool(2)               # note[unseen-edge]
        image -> max_pool(3)      # good

    Only sizes that are numbers are judged; `--input` puts numbers in the place of symbols.
    """

    code = "unseen-edge"
    severity = "note"
    message = "of {size} {axis} the last {count} reach no window"
    label = "the input is {shape}"
    count: int
    size: int
    stride: int
    axis: str
    shape: str

    def help(self) -> str:
        return f"{self.size - self.count} or {self.size - self.count + self.stride} {self.axis} would be seen whole"


def edges(checked: Checked) -> Iterator[Diagnostic]:
    """The first loss at each place, whatever the other uses of a block lose."""
    found: dict[tuple[int, int], Diagnostic] = {}
    for body in checked.bodies:
        for node in body.graph.nodes:
            span = node.span
            if isinstance(node, Apply) and node.op.window and span and span.source is checked.source:
                problem = None if place(span) in found else _lost(node)
                if problem:
                    found[place(span)] = Diagnostic(problem, span)
    return iter(found.values())


def _lost(node: Apply) -> UnseenEdge | None:
    before, after, window = node.inputs[0].shape, node.shapes[0], node.op.window
    assert window
    for axis, (size, places) in enumerate(zip(before.spatial, after.spatial, strict=True)):
        stride, span = window.stride[axis], window.dilation[axis] * (window.kernel[axis] - 1) + 1
        if not isinstance(size, int) or not isinstance(places, int) or span < stride:
            continue
        unseen = size - ((places - 1) * stride + span - window.padding[axis])
        if unseen > 0:
            return UnseenEdge(unseen, size, stride, AXES[len(window.kernel)][axis], str(before))
    return None
