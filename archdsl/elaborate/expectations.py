"""What networks expect of themselves: `expect out.shape == image.shape`.

Takes a network's expectations and its graph, and holds each against every size that the network accepts. What is not
proved is a mistake: refuted by the smallest sizes for which it is wrong, or not decided.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping

from archdsl.diagnostics import Diagnostic, Problem
from archdsl.elaborate.evaluate import COMPARISONS, Environment, NotYet, evaluate, truth
from archdsl.elaborate.mistake import Mistake, error
from archdsl.elaborate.network import Elaborated
from archdsl.elaborate.scope import Constant
from archdsl.elaborate.values import ValueRef, WrongType, described, show
from archdsl.graph.needs import needs_of
from archdsl.record import replace
from archdsl.sizes.prove import Known
from archdsl.sizes.verdict import Refuted
from archdsl.source import Span
from archdsl.syntax import tree


class ExpectationFailed(Problem):
    """An `expect` is a test that lives in the spec.

    conv(8, kernel=3)
    expect params == 61_706      # error[expectation-failed]
    expect params == 1_088       # good
    """

    code = "expectation-failed"
    message = "{claim} does not hold"
    label = "{found}"
    claim: str
    found: str
    clause: str = ""
    family: str = ""

    def help(self) -> str:
        return f"state it behind the input's shape: where {self.clause}" if self.clause else ""

    def cause(self, span: Span) -> Hashable:
        """Networks that are made from one another fail what they all expect together."""
        return (self.family, self.found.partition(" is ")[0] or self.claim) if self.family else None


def hold_expectations(elaborated: Elaborated, facts: Mapping[str, Constant], problems: list[Diagnostic]) -> None:
    """Hold a network's expectations against the facts (`params`, `macs`); names of outputs are values."""
    graph = elaborated.graph
    if graph is None:
        return
    outputs = {name: ValueRef(value) for name, value in zip(graph.output_names, graph.outputs, strict=True)}
    names = {**facts, **outputs}
    known = Known(graph.facts, needs_of(graph).facts)
    for expect, env in elaborated.expectations:
        scope = env.scope.inner({name: value for name, value in names.items() if not env.scope.find(name)[0]})
        inside = replace(env, scope=scope, known=known)
        for claim in _claims(expect.claim):
            try:
                _hold(claim, inside, elaborated.family)
            except Mistake as mistake:
                if mistake.diagnostic:
                    problems.append(mistake.diagnostic)


def _claims(claim: tree.Expression) -> Iterator[tree.Expression]:
    """The claims that all have to hold: `a and b` are two."""
    if isinstance(claim, tree.Chained) and claim.rest[0][0] == "and":
        for part in (claim.first, *(operand for _, operand in claim.rest)):
            yield from _claims(part)
    else:
        yield claim


def _hold(claim: tree.Expression, env: Environment, family: str) -> None:
    claimed = evaluate(claim, env)
    if isinstance(claimed, NotYet) and isinstance(claimed.verdict, Refuted):
        raise error(_failure(claim, env, family, claimed.verdict), claim.span)
    if isinstance(claimed, int) and not isinstance(claimed, bool):
        hint = f"compare it: expect {claim.span.text} == {claimed}"
        raise error(WrongType("an expectation", "true or false", described(claimed), hint), claim.span)
    if not truth(claimed, claim.span):
        raise error(_failure(claim, env, family, Refuted()), claim.span)


def _failure(claim: tree.Expression, env: Environment, family: str, verdict: Refuted) -> ExpectationFailed:
    """What was claimed and what is the case: the first side of a comparison that is not written as what it is."""
    facts = ""
    if isinstance(claim, tree.Chained) and claim.rest[0][0] in COMPARISONS:
        for side in (claim.first, *(operand for _, operand in claim.rest)):
            found = evaluate(side, env)
            shown = f"{found:,}".replace(",", "_") if isinstance(found, int) else show(found)
            if not isinstance(side, tree.Literal) and shown != side.span.text:
                facts = f"{side.span.text} is {shown}"
                break
    return ExpectationFailed(claim.span.text, (facts + verdict.when).removeprefix(": "), verdict.clause, family)
