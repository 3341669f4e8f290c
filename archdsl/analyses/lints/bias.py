"""A bias that batch norm takes away again."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.lints.checked import Body, Checked, Stage, everywhere, place
from archdsl.diagnostics import Diagnostic, Edit, Label, Problem
from archdsl.graph.nodes import Apply, Call
from archdsl.source import Span
from archdsl.syntax import tree

BIASED = ("conv", "conv_transpose", "linear")


class BiasBeforeNorm(Problem):
    """Batch norm subtracts the mean of each channel, and any bias with it: the bias costs memory and learns nothing.

        conv(64, kernel=3) -> batch_norm                  # warning[bias-before-norm]
        conv(64, kernel=3, bias=false) -> batch_norm      # good

    Weights that were published with the bias need it to load; a comment says so: `# allow: bias-before-norm`.
    """

    code = "bias-before-norm"
    severity = "warning"
    message = "the bias of this {op} does nothing: batch_norm subtracts it"
    op: str

    def help(self) -> str:
        return "give it bias=false"


def bias(checked: Checked) -> Iterator[Diagnostic]:
    def rule(node: Apply | Call, body: Body) -> Diagnostic | None:
        if not isinstance(node, Apply) or node.op.name not in BIASED or not node.op.bias or node.span is None:
            return None
        norm = body.only_user(node)
        if not isinstance(norm, Apply) or norm.op.name != "batch_norm":
            return None
        labels = (Label(norm.span, "subtracts the mean"),) if norm.span else ()
        stage = checked.stages.get(place(node.span))
        edits = _without(stage, list(node.op.attributes()).index("bias")) if stage else ()
        return Diagnostic(BiasBeforeNorm(node.op.name), node.span, labels, edits=edits)

    return everywhere(checked, rule)


def _without(stage: Stage, position: int) -> tuple[Edit, ...]:
    """The edit that takes the bias away, where batch norm is written right behind and not only met in some uses."""
    step, after = stage.link.step, stage.after and stage.after.step
    if not isinstance(step, tree.Apply) or step.name.parts[0] not in BIASED or not step.arguments:
        return ()
    if not isinstance(after, tree.Apply) or after.name.parts != ("batch_norm",):
        return ()
    written = [a for i, a in enumerate(step.arguments) if a.name == "bias" or (a.name is None and i == position)]
    if written:
        value = written[0].value
        return (Edit(value.span, "false"),) if isinstance(value, tree.Literal) else ()
    end = step.arguments[-1].span.end
    return (Edit(Span(step.span.source, end, end), ", bias=false"),)
