"""Images whose channels seem to come last."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Body, Checked
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.elaborate.provenance import channels_first
from archdsl.graph.nodes import Apply, Input, Value


class ChannelsLast(Problem):
    """An image is `[batch, channels, rows, columns]`: one that is three columns wide was hardly meant.

    input image: [N, 32, 32, 3]      # warning[channels-last]
    input image: [N, 3, 32, 32]      # good
    conv(8, kernel=3)
    """

    code = "channels-last"
    severity = "warning"
    message = "{shape} is an image of {columns} column{plural}; the channels come first"
    shape: str
    columns: str
    plural: str
    first: str

    def help(self) -> str:
        return f"write {self.first}"


def layout(checked: Checked) -> Iterator[Diagnostic]:
    for body in checked.bodies:
        for entry in body.graph.inputs if body.graph.kind == "network" else ():
            if entry.span and entry.span.source is checked.source and _is_convolved(entry, body):
                found = channels_first(entry.shape)
                if found:
                    plural = "" if found.channels == 1 else "s"
                    problem = ChannelsLast(str(entry.shape), str(found.channels), plural, str(found))
                    yield Diagnostic(problem, entry.span)


def _is_convolved(entry: Input, body: Body) -> bool:
    return any(isinstance(node, Apply) and node.op.window is not None for node in body.users.get(Value(entry), ()))
