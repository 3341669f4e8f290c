"""Holds what the checker says of a random network against arithmetic over all sizes, and counts how claims ended.

Each join and each written shape must end as proved, refuted or unknown. A proof is wrong if one size disagrees. A
refutation must name sizes that reach the claim and break it, and no smaller ones may; the condition that it states must
be true of exactly the sizes for which the claim holds. What a good network accepts must be what arithmetic lets pass.
"""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np

from archdsl.analyses.accepted import accepted
from archdsl.diagnostics import Diagnostic
from archdsl.elaborate.files import Files
from archdsl.elaborate.network import elaborate, networks
from archdsl.graph.nodes import Graph
from archdsl.graph.verify import verify_graph
from archdsl.source import Source
from support.random_networks import HEIGHTS, WIDTHS, Mask, Network, Verdict, sizes_of

BY_SUM = (HEIGHTS + WIDTHS) * HEIGHTS.size + HEIGHTS
FAR = np.arange(1, 20_001)
REFUTED = {"branches-differ", "contract-broken"}
FUNCTIONS = {"min": np.minimum, "max": np.maximum, "ceil": lambda x: np.ceil(x).astype(int)}
UNKNOWN = {"branches-undecided", "contract-undecided"}


def held(net: Network) -> Counter[str]:
    """How many claims of a network are proved, refuted and unknown; an AssertionError where one is told wrongly."""
    graph, problems = _checked(net.text)
    told = {problem.span.begin[0]: problem for problem in problems if problem.span}
    verdicts, runs = sizes_of(net, HEIGHTS, WIDTHS, set(told))
    assert {problem.code for problem in problems} <= REFUTED | UNKNOWN, net.text
    is_cut_short = any(" : [" in net.lines[line - 1] for line in told)
    assert is_cut_short or set(told) <= {verdict.line for verdict in verdicts}, f"nothing is known there:\n{net.text}"
    counts: Counter[str] = Counter()
    for verdict in verdicts:
        problem = told.get(verdict.line)
        if problem is None:
            counts["proved"] += 1
            assert not np.any(verdict.reached & _any(verdict)), f"line {verdict.line} is not true:\n{net.text}"
        elif problem.code in UNKNOWN:
            counts["unknown"] += 1
        else:
            counts["refuted"] += 1
            counts["refuted on a condition"] += _refuted(net, verdict, problem, set(told))
    if graph:
        verify_graph(graph)
        accepts = _all(_true(claim, HEIGHTS, WIDTHS) for claim in accepted(graph))
        assert np.all(accepts == runs), f"{accepted(graph)}\n{net.text}"
        counts["accepted sizes"] += 1
    return counts


def _checked(text: str) -> tuple[Graph | None, list[Diagnostic]]:
    """The graph of the one network of a text, and every problem as it is found, none folded into another."""
    problems: list[Diagnostic] = []
    home, _ = Files(problems).open(Source("net.arch", text), None)
    return elaborate(networks(home)["t"], {}, {}, problems).graph, problems


def _any(verdict: Verdict) -> Mask:
    found: Mask = np.zeros_like(verdict.reached)
    for axes in verdict.failing:
        for axis in axes:
            found = found | axis
    return found


def _refuted(net: Network, verdict: Verdict, problem: Diagnostic, told: set[int]) -> bool:
    """Hold a counterexample and its condition against arithmetic; whether there is a condition."""
    words = f"{problem.problem.facts()} {problem.problem.help()}".replace("\\n", " ")
    given = re.search(r"(?:for|wrong for) ((?:[HW] = \d+(?:, )?)+)", words)
    where = f"line {verdict.line}: {words}\n{net.text}"
    group = _first_failing(verdict)
    if given is None:
        assert np.all(~verdict.reached | _any(verdict)), f"true for some sizes, {where}"
        return False
    sizes = {name: int(size) for name, size in re.findall(r"([HW]) = (\d+)", given[1])}
    assert _is_real(net, verdict.line, sizes, told), f"not reached or not wrong, {where}"
    smallest = [_smallest(verdict.reached & axis, sorted(sizes)) for axis in group or ()]
    mine = _order(sizes.values())
    seen = [first for first in smallest if first]
    assert not seen or any(mine <= first for first in seen), f"{smallest} is smaller, {where}"
    found = re.search(r"(?:true|agree) when (.*?)(?:: state|['\"}]|$)", words)
    if found is None:
        return False
    holds = _all(_true(part, HEIGHTS, WIDTHS) for part in re.split(r", and | and |, ", found[1]))
    wrong: Any = np.zeros_like(verdict.reached)
    for axis in group or ():
        wrong = wrong | axis
    assert np.all(~verdict.reached | (holds == ~wrong)), f"{found[1]} is not when it holds, {where}"
    return True


def _first_failing(verdict: Verdict) -> list[Mask] | None:
    return next((axes for axes in verdict.failing if any(np.any(verdict.reached & axis) for axis in axes)), None)


def _smallest(wrong: Mask, names: list[str]) -> tuple[int, ...] | None:
    """The first of the sizes along some axes for which something is wrong, by their sum."""
    if not np.any(wrong):
        return None
    if len(names) == 1:
        return _order([int(np.argmax(wrong.any(axis=1 if names == ["H"] else 0))) + 1])
    height, width = np.unravel_index(np.argmin(np.where(wrong, BY_SUM, BY_SUM.max() + 1)), wrong.shape)
    return _order([int(height) + 1, int(width) + 1])


def _order(sizes: Any) -> tuple[int, ...]:
    sizes = tuple(sizes)
    return (sum(sizes), *sizes)


def _is_real(net: Network, line: int, sizes: dict[str, int], told: set[int]) -> bool:
    """Whether a claim is reached and wrong for some sizes; those that are not given may be any."""
    height = np.array([sizes["H"]]) if "H" in sizes else FAR
    width = np.array([sizes["W"]]) if "W" in sizes else FAR
    verdicts, _ = sizes_of(net, height[:, None], width[None, :], told)
    return any(verdict.line == line and np.any(verdict.reached & _any(verdict)) for verdict in verdicts)


def _true(claim: str, height: Any, width: Any) -> Any:
    """Whether a condition in words of the language holds."""
    sizes = {"H": height, "W": width, "N": 1}
    return reduce(operator.or_, (_compared(part, sizes) for part in claim.split(" or ")))


def _all(conditions: Iterable[Any]) -> Any:
    return reduce(operator.and_, conditions, True)


def _compared(text: str, sizes: dict[str, Any]) -> Any:
    left, *rest = re.split(r" (==|<=|>=|<|>|!=) ", text)
    holds: Any = True
    for relation, right in zip(rest[::2], rest[1::2], strict=True):
        holds = holds & eval(f"({left}) {relation} ({right})", FUNCTIONS, sizes)
        left = right
    return holds
