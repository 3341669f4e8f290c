"""Is a claim about sizes true for every size? Proved, refuted by a counterexample, or unknown.

Along one symbol, sums of floor divisions repeat: f(h + P) = f(h) + S for a period P that is read off the divisors. One
period therefore decides a claim for all sizes. Claims over several symbols are decided where they fall apart into
claims over one; the rest is searched for a counterexample and otherwise left unknown. Unknown is never taken for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product as combinations
from math import lcm

from archdsl.ir.dim import Dim, Expr, Extreme, Floor, substitute, symbols

LONGEST_PERIOD = 100_000
SEARCHED = 64


@dataclass(frozen=True)
class Proved:
    """True for every size."""


@dataclass(frozen=True)
class Refuted:
    """False, for one at `sizes`, the smallest found; true exactly where `condition` holds, when that is known."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    condition: str = ""


@dataclass(frozen=True)
class Unknown:
    """Not decided."""


Verdict = Proved | Refuted | Unknown


def equal(a: Dim, b: Dim) -> Verdict:
    """Whether two sizes are the same for every value of their symbols from 1 on.

    equal((h + 1) // 2, h - h // 2)      # Proved()
    equal((h + 1) // 2, h // 2)          # Refuted({"H": 1}, "H % 2 == 0")
    """
    gap = a - b
    if isinstance(gap, int):
        return Proved() if gap == 0 else Refuted()
    names = sorted(symbols(gap))
    if len(names) == 1:
        return _along(gap, names[0])
    for sizes in _small(len(names)):
        values = dict(zip(names, sizes, strict=True))
        if substitute(gap, values) != 0:
            return Refuted(values)
    parts = _separate(gap)
    if parts is not None and all(isinstance(_along(part, name), Proved) for name, part in parts.items()):
        return Proved()
    return Unknown()


def _along(gap: Expr, name: str) -> Verdict:
    """Decide gap == 0 for every value of the one symbol it has."""
    period = _period(gap)
    if period is None:
        for size in range(1, SEARCHED * SEARCHED):
            if substitute(gap, {name: size}) != 0:
                return Refuted({name: size})
        return Unknown()
    wrong = [size for size in range(1, period + 1) if substitute(gap, {name: size}) != 0]
    slope = substitute(gap, {name: 1 + period}) - substitute(gap, {name: 1})
    if not wrong and slope == 0:
        return Proved()
    if slope != 0:
        return Refuted({name: wrong[0] if wrong else 1 + period})
    good = sorted({size % period for size in range(1, period + 1)} - {size % period for size in wrong})
    return Refuted({name: wrong[0]}, _condition(name, good, period))


def _condition(name: str, residues: list[int], period: int) -> str:
    """`H % 2 == 0` for the residues that are good, in the fewest words; empty where there are none or too many."""
    for modulus in range(2, period + 1):
        if (
            period % modulus == 0
            and {r % modulus for r in residues}
            and len(residues) == (period // modulus) * len({r % modulus for r in residues})
        ):
            short = sorted({r % modulus for r in residues})
            if len(short) > 3:
                return ""
            return " or ".join(f"{name} % {modulus} == {r}" for r in short)
    return ""


def _period(dim: Dim) -> int | None:
    """A period of a size in its one symbol, or None where it has none that is short enough to be of use."""
    if isinstance(dim, int):
        return 1
    period = 1
    for atoms, _ in dim.terms:
        if len(atoms) > 1:
            return None
        for atom in atoms:
            if isinstance(atom, Extreme):
                return None
            if isinstance(atom, Floor):
                inner = _period(atom.numerator)
                if inner is None or not isinstance(atom.divisor, int):
                    return None
                period = lcm(period, inner * atom.divisor)
                if period > LONGEST_PERIOD:
                    return None
    return period


def _separate(gap: Expr) -> dict[str, Expr] | None:
    """Parts of a sum by their symbol, the constant in the first; None where a term has several symbols."""
    parts: dict[str, Dim] = {}
    for atoms, factor in gap.terms:
        term = Expr(((atoms, factor),))
        names = symbols(term)
        if len(names) > 1:
            return None
        name = next(iter(names), sorted(symbols(gap))[0])
        parts[name] = parts.get(name, 0) + term
    return {name: part for name, part in parts.items() if isinstance(part, Expr)}


def _small(count: int) -> Iterator[tuple[int, ...]]:
    """Tuples of small sizes, the smaller sums first."""
    width = SEARCHED if count <= 2 else 12
    yield from sorted(combinations(range(1, width), repeat=count), key=sum) if count <= 4 else ()
