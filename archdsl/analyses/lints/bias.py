"""A bias that batch norm takes away again."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Body, Checked, Stage, everywhere, place
from archdsl.diagnostics import Diagnostic, Edit, Label, Problem
from archdsl.graph.nodes import Apply, Call
from archdsl.ops import Op
from archdsl.source import Span
from archdsl.syntax import tree

CHANNELS = 1
"""The axis whose means a norm with statistics of the batch subtracts."""


class BiasBeforeNorm(Problem):
    """Batch norm subtracts the mean of each channel, and any bias with it: the bias costs memory and learns nothing.

        conv(64, kernel=3) -> batch_norm                  # warning[bias-before-norm]
        conv(64, kernel=3, bias=false) -> batch_norm      # good

    Weights that were published with the bias need it to load; a comment says so: `# allow: bias-before-norm`.
    """

    code = "bias-before-norm"
    severity = "warning"
    message = "the bias of this {op} does nothing: {norm} subtracts it"
    op: str
    norm: str

    def help(self) -> str:
        return "give it bias=false"


def bias(checked: Checked) -> Iterator[Diagnostic]:
    def rule(node: Apply | Call, body: Body) -> Diagnostic | None:
        if not isinstance(node, Apply) or node.span is None or not _has_bias(node):
            return None
        norm = body.only_user(node)
        if not isinstance(norm, Apply) or not norm.op.has_batch_statistics:
            return None
        labels = (Label(norm.span, "subtracts the mean"),) if norm.span else ()
        stage = checked.stages.get(place(node.span))
        edits = _without(stage, node.op, norm.op) if stage else ()
        return Diagnostic(BiasBeforeNorm(node.op.name, norm.op.name), node.span, labels, edits=edits)

    return everywhere(checked, rule)


def _has_bias(node: Apply) -> bool:
    """Whether a layer adds an offset to each channel."""
    return node.op.feature_axis(node.inputs[0].shape) == CHANNELS and bool(node.op.values().get("bias"))


def _without(stage: Stage, layer: Op, norm: Op) -> tuple[Edit, ...]:
    """The edit that takes the bias away, where the norm is written right behind and not only met in some uses."""
    step, after = stage.link.step, stage.after and stage.after.step
    if not isinstance(step, tree.Apply) or step.name.parts != (layer.name,) or not step.arguments:
        return ()
    if not isinstance(after, tree.Apply) or after.name.parts != (norm.name,):
        return ()
    position = list(layer.attributes()).index("bias")
    written = [a for i, a in enumerate(step.arguments) if a.name == "bias" or (a.name is None and i == position)]
    if written:
        value = written[0].value
        return (Edit(value.span, "false"),) if isinstance(value, tree.Literal) else ()
    end = step.arguments[-1].span.end
    return (Edit(Span(step.span.source, end, end), ", bias=false"),)
