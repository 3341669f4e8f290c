"""Joins two of whose arms leave one and the same value."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Body, Checked, everywhere
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.graph.nodes import Apply, Call, Value


class SameArms(Problem):
    """Two arms that leave the same value: their sum doubles it, their difference is zero, and a concat repeats it.

        conv(8, kernel=3)
        add { | identity | }                       # warning[same-arms]
        add { | identity | relu }                  # good

    An arm that was meant to hold a layer, and a name that was meant to be another, look like this.
    """

    code = "same-arms"
    severity = "warning"
    message = "arms {first} and {second} of this {op} leave the same value"
    op: str
    first: int
    second: int

    def help(self) -> str:
        return "give one of them its stages, or remove it"


def arms(checked: Checked) -> Iterator[Diagnostic]:
    def rule(node: Apply | Call, body: Body) -> Diagnostic | None:
        if not isinstance(node, Apply) or node.op.takes_equal_arms or node.span is None:
            return None
        seen: dict[Value, int] = {}
        for index, value in enumerate(map(_plain, node.inputs), 1):
            if value in seen:
                return Diagnostic(SameArms(node.op.name, seen[value], index), node.span)
            seen[value] = index
        return None

    return everywhere(checked, rule)


def _plain(value: Value) -> Value:
    """What a value is without the stages that pass it on as it is."""
    node = value.node
    while isinstance(node, Apply) and node.op.is_noop(node.inputs[0].shape, node.shapes[0]):
        value = node.inputs[0]
        node = value.node
    return value
