"""The condition on one symbol under which a claim holds, in words of the language: `H % 2 == 0`, `193 <= H <= 224`."""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm

from archdsl.sizes.cases import Case
from archdsl.sizes.dim import Dim, Expr, number, symbol, symbols
from archdsl.sizes.periodic import FARTHEST, TooFar, period, settled_from

MOST_REMAINDERS = 3


def agreeing(case: Case, names: Sequence[str]) -> str:
    """When exactly the claim of a case holds; empty where that takes more than a few words.

    The symbol that is spoken of is one of `names`, if it can be.
    """
    inside = symbols(case.gap).union(*(fact.symbols for fact in case.facts))
    if len(inside) != 1 or case.aside or not case.is_exact:
        return ""
    (inner,) = inside
    ways = [(name, _affine(case.sizes[name], inner)) for name in (*names, *case.sizes)]
    name, way = next(((name, way) for name, way in ways if way), ("", None))
    sizes: list[Dim] = [case.gap, *(fact.gap for fact in case.facts)]
    try:
        step = lcm(*(period(size, inner) for size in sizes))
        start = max(settled_from(size, inner) for size in sizes)
    except TooFar:
        return ""
    if way is None or start + step > FARTHEST:
        return ""
    factor, shift = way
    points = [size for size in range(1, start + step) if all(fact.holds({inner: size}) for fact in case.facts)]
    good = {factor * size + shift for size in points if number(case.gap, {inner: size}) == 0}
    allowed = [factor * size + shift for size in points]
    return _range(name, allowed, good, factor * start + shift) or _remainders(name, allowed, good, factor * step)


def _affine(size: Dim, name: str) -> tuple[int, int] | None:
    """A size as a multiple of a symbol, and what is added; None where it is none."""
    constant = size.constant if isinstance(size, Expr) else 0
    factor = number(size - constant, {name: 1}) if symbols(size) == {name} else 0
    return (factor, constant) if factor > 0 and size == factor * symbol(name) + constant else None


def _range(name: str, allowed: Sequence[int], good: set[int], settled: int) -> str:
    """The condition as a range; from `settled` on, what is good of one period is good of all."""
    if not good:
        return ""
    first, last = min(good), max(good)
    if any(size not in good for size in allowed if first <= size <= last):
        return ""
    if last == allowed[-1] and all(size in good for size in allowed if size >= settled):
        return f"{name} >= {first}"
    if last >= settled:
        return ""
    bounds = [str(first), name, str(last)] if first > allowed[0] else [name, str(last)]
    return f"{name} == {last}" if first == last else " <= ".join(bounds)


def _remainders(name: str, allowed: Sequence[int], good: set[int], step: int) -> str:
    """The condition as remainders, by the least modulus that tells good sizes from others."""
    for modulus in range(2, step + 1):
        if step % modulus == 0:
            rests = sorted({size % modulus for size in good})
            if len(rests) > MOST_REMAINDERS:
                continue
            if rests and all(size in good for size in allowed if size % modulus in rests):
                return " or ".join(f"{name} % {modulus} == {rest}" for rest in rests)
    return ""
