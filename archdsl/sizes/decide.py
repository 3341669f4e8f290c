"""Decides whether a size is 0 for all values of its symbols that the facts allow.

Facts and extremes are worked into the claim (`cases`); what then falls apart into factors of one symbol each, or of a
few that stand in one division, is decided for all sizes (`separable`). Where that is not enough, small sizes are
searched.
This is imported where two sizes differ in their normal forms, which most networks never do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from archdsl.record import Record
from archdsl.sizes.cases import Case, cases
from archdsl.sizes.condition import agreeing
from archdsl.sizes.dim import Dim, Expr, number, symbol, symbols
from archdsl.sizes.fact import Fact
from archdsl.sizes.periodic import TooFar
from archdsl.sizes.separable import first_failing
from archdsl.sizes.verdict import Proved, Refuted, Unknown, Verdict

SEARCHED = 10_000  # points, where nothing better is known
LIGHT, LEAST = 40, 200  # claims of more symbols than that are searched at fewer points, but at so many at least
MOST_CASES = 64


class _Answer(Record):
    """Sizes for which a case fails, if any were found; whether they are the first, or there are none."""

    sizes: Mapping[str, int] | None
    is_certain: bool


UNCERTAIN = _Answer(None, False)


@lru_cache(maxsize=4096)
def zero(gap: Dim, facts: tuple[Fact, ...]) -> Verdict:
    """Whether `gap` is 0 wherever the facts hold.

    zero(h % 2, (Fact(h % 4, "==", 0),))      # Proved()
    """
    names = sorted(symbols(gap))
    known = linked(names, facts)
    verdict = _decided(gap, names, known)
    others = [fact for fact in facts if fact not in known]
    if others and isinstance(verdict, Refuted) and contradictory(others):
        return Proved()
    return verdict


def contradictory(facts: Sequence[Fact]) -> bool:
    """Whether it is proved that no sizes satisfy all of some facts.

    contradictory([Fact(h, ">=", 9), Fact(h, "<", 4)])      # True
    """
    names = sorted({name for fact in facts for name in fact.symbols})
    if not names:
        return not all(fact.holds({}) for fact in facts)
    return isinstance(_decided(1, names, tuple(facts)), Proved)


def _decided(gap: Dim, names: Sequence[str], known: tuple[Fact, ...]) -> Verdict:
    """The verdict over some symbols, and those that are tied to them by what is known."""
    every = [*names, *sorted({name for fact in known for name in fact.symbols}.difference(names))]
    found = list(islice(cases(Case(gap, known, {name: symbol(name) for name in every})), MOST_CASES + 1))
    answers = [_answer(case, names) for case in found[:MOST_CASES]] + [UNCERTAIN] * (len(found) > MOST_CASES)
    failing = [answer.sizes for answer in answers if answer.sizes is not None]
    if not all(answer.is_certain for answer in answers):
        searched = _searched(gap, known, sorted(every))
        return Refuted(searched or min(failing, key=_order)) if searched or failing else Unknown()
    if not failing:
        return Proved()
    if all(isinstance(case.gap, int) for case in found):
        return Refuted()
    return Refuted(min(failing, key=_order), agreeing(found[0], names) if len(found) == 1 else "")


def linked(names: Iterable[str], facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts that bear on some symbols, through others if need be."""
    near = frozenset(names)
    while True:
        found = tuple(fact for fact in facts if fact.symbols & near)
        wider = near.union(*(fact.symbols for fact in found))
        if wider == near:
            return found
        near = wider


def _answer(case: Case, names: Sequence[str]) -> _Answer:
    """What becomes of one case."""
    sizes = [case.sizes[name] for name in (*names, *(name for name in case.sizes if name not in names))]
    total = sum(sizes[1 : len(names)], start=sizes[0])
    try:
        failing = first_failing(case.gap, case.facts, [total, *sizes])
    except TooFar:
        return UNCERTAIN
    if not failing:
        return _Answer(None, True)
    if not case.is_exact:
        return UNCERTAIN
    allowed = (index for index, point in enumerate(failing) if all(_holds(fact, point) for fact in case.aside))
    first = next(allowed, None)
    if first is None:
        return UNCERTAIN
    return _Answer({name: number(case.sizes[name], failing[first]) for name in names}, first == 0)


def _searched(gap: Dim, facts: tuple[Fact, ...], names: Sequence[str]) -> dict[str, int] | None:
    """The first of the smallest sizes for which a claim fails."""
    heavy = sum(size.weight for size in (gap, *(fact.gap for fact in facts)) if isinstance(size, Expr))
    for sizes in islice(_small(len(names)), max(LEAST, SEARCHED * LIGHT // max(LIGHT, heavy))):
        point = dict(zip(names, sizes, strict=True))
        try:
            if number(gap, point) != 0 and all(_holds(fact, point) for fact in facts):
                return point
        except ZeroDivisionError:  # a symbolic divisor stands for a size, so it is never 0
            continue
    return None


def _holds(fact: Fact, point: Mapping[str, int]) -> bool:
    try:
        return fact.holds(point)
    except ZeroDivisionError:
        return False


def _order(sizes: Mapping[str, int]) -> tuple[int, ...]:
    return (sum(sizes.values()), *(sizes[name] for name in sorted(sizes)))


def _small(count: int) -> Iterator[tuple[int, ...]]:
    """Tuples of sizes, those with smaller sums first, without end."""
    total = count
    while True:
        yield from _summing(total, count)
        total += 1


def _summing(total: int, count: int) -> Iterator[tuple[int, ...]]:
    if count == 1:
        yield (total,)
        return
    for first in range(1, total - count + 2):
        for rest in _summing(total - first, count - 1):
            yield (first, *rest)
