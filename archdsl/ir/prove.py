"""Is a claim about sizes true for every size? Proved, refuted by a counterexample, or unknown.

Along one symbol, sums of floor divisions repeat: f(h + P) = f(h) + S for a period P that is read off the divisors.
Sizes up to one period past the point where the known facts settle therefore decide a claim for all sizes. Claims over
several symbols are decided where they fall apart into claims over one; the rest is searched for a counterexample and
otherwise left unknown. Unknown is never taken for good.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from itertools import product as combinations
from math import lcm
from types import MappingProxyType

from archdsl.ir.dim import Dim, Expr, Extreme, Floor, substitute, symbols
from archdsl.record import Record

LONGEST_PERIOD = 100_000
SEARCHED = 64


class Proved(Record):
    """True for every size."""


class Refuted(Record):
    """False, for one at `sizes`, the smallest; true exactly where `condition` holds, when that is known."""

    sizes: Mapping[str, int] = MappingProxyType({})
    condition: str = ""


class Unknown(Record):
    """Not decided."""


Verdict = Proved | Refuted | Unknown


class Fact(Record):
    """What is known of sizes: `Fact(h % 2, "==", 0)`."""

    left: Dim
    relation: str
    right: Dim

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"

    @property
    def gap(self) -> Dim:
        return self.left - self.right

    @property
    def symbols(self) -> frozenset[str]:
        return symbols(self.gap)

    def holds(self, sizes: Mapping[str, int]) -> bool:
        return RELATIONS[self.relation](_number(self.gap, sizes), 0)


RELATIONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_known: ContextVar[tuple[Fact, ...]] = ContextVar("known", default=())


@contextmanager
def assuming(facts: tuple[Fact, ...]) -> Iterator[None]:
    """Proofs inside the block may use these facts as well."""
    token = _known.set((*_known.get(), *facts))
    try:
        yield
    finally:
        _known.reset(token)


def assume(*facts: Fact) -> None:
    """Proofs from here to the end of the enclosing `assuming` may use these facts."""
    _known.set((*_known.get(), *facts))


def equal(a: Dim, b: Dim, where: tuple[Fact, ...] = ()) -> Verdict:
    """Whether two sizes are the same for all values of their symbols from 1 on that the known facts allow.

    equal((h + 1) // 2, h - h // 2)      # Proved()
    equal((h + 1) // 2, h // 2)          # Refuted({"H": 1}, "H % 2 == 0")
    """
    gap = a - b
    if isinstance(gap, int):
        return Proved() if gap == 0 else Refuted()
    names = symbols(gap)
    facts = tuple(fact for fact in (*_known.get(), *where) if fact.symbols <= names and fact.symbols)
    return _decided(gap, facts)


@lru_cache(maxsize=4096)
def _decided(gap: Expr, facts: tuple[Fact, ...]) -> Verdict:
    names = sorted(symbols(gap))
    if len(names) == 1:
        return _along(gap, names[0], facts)
    for sizes in _small(len(names)):
        values = dict(zip(names, sizes, strict=True))
        if _number(gap, values) != 0 and all(fact.holds(values) for fact in facts):
            return Refuted(values)
    parts = _separate(gap, names)
    if parts is not None and all(isinstance(_along(part, n, _of(facts, n)), Proved) for n, part in parts.items()):
        return Proved()
    return Unknown()


def _of(facts: tuple[Fact, ...], name: str) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if fact.symbols == {name})


def _along(gap: Expr, name: str, facts: tuple[Fact, ...]) -> Verdict:
    """Decide gap == 0 for every allowed value of the one symbol it has."""
    periods = [_period(dim) for dim in (gap, *(fact.gap for fact in facts))]
    period = lcm(*(p for p in periods if p is not None))
    if None in periods or period > LONGEST_PERIOD:
        for size in range(1, SEARCHED * SEARCHED):
            if _number(gap, {name: size}) != 0 and all(fact.holds({name: size}) for fact in facts):
                return Refuted({name: size})
        return Unknown()
    settled = max((_settled(fact, name, period) for fact in facts), default=1)
    if settled > LONGEST_PERIOD:
        return Unknown()
    allowed = [h for h in range(1, settled + period) if all(fact.holds({name: h}) for fact in facts)]
    wrong = [h for h in allowed if _number(gap, {name: h}) != 0]
    lasting = [h for h in allowed if h >= settled]
    slope = _number(gap, {name: 1 + period}) - _number(gap, {name: 1})
    if not wrong and (slope == 0 or not lasting):
        return Proved()
    if not wrong:
        return Refuted({name: lasting[0] + period})
    good = {h % period for h in lasting} - {h % period for h in wrong}
    condition = _condition(name, good, period) if slope == 0 and max(wrong) >= settled else ""
    return Refuted({name: wrong[0]}, condition)


def possible(facts: tuple[Fact, ...], name: str) -> bool:
    """Whether some value of a symbol from 1 on satisfies all facts about it alone; true where that is not decided."""
    own = _of(facts, name)
    periods = [_period(fact.gap) for fact in own]
    period = lcm(*(p for p in periods if p is not None))
    if None in periods or period > LONGEST_PERIOD:
        return True
    settled = max((_settled(fact, name, period) for fact in own), default=1)
    sizes = range(1, settled + period)
    return settled > LONGEST_PERIOD or any(all(fact.holds({name: size}) for fact in own) for size in sizes)


def _settled(fact: Fact, name: str, period: int) -> int:
    """A size from which on the truth of a fact only depends on the size modulo the period."""
    values = [_number(fact.gap, {name: size}) for size in range(1, period + 1)]
    slope = _number(fact.gap, {name: 1 + period}) - values[0]
    return 1 if slope == 0 else (max(map(abs, values)) // abs(slope) + 1) * period + 1


def _condition(name: str, residues: set[int], period: int) -> str:
    """`H % 2 == 0` for the residues that are good, in the fewest words; empty where there are none or too many."""
    for modulus in range(2, period + 1):
        short = sorted({residue % modulus for residue in residues})
        if period % modulus == 0 and short and len(residues) == period // modulus * len(short):
            return " or ".join(f"{name} % {modulus} == {r}" for r in short) if len(short) <= 3 else ""
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


def _separate(gap: Expr, names: list[str]) -> dict[str, Expr] | None:
    """Parts of a sum by their symbol, the constant in the first; None where a term has several symbols."""
    parts: dict[str, Dim] = {}
    for atoms, factor in gap.terms:
        term = Expr(((atoms, factor),)) if atoms else factor
        found = symbols(term)
        if len(found) > 1:
            return None
        name = next(iter(found), names[0])
        parts[name] = parts.get(name, 0) + term
    return {name: part for name, part in parts.items() if isinstance(part, Expr)}


def _small(count: int) -> Iterator[tuple[int, ...]]:
    """Tuples of small sizes, the smaller sums first."""
    width = SEARCHED if count <= 2 else 12
    yield from sorted(combinations(range(1, width), repeat=count), key=sum) if count <= 4 else ()


def _number(dim: Dim, sizes: Mapping[str, int]) -> int:
    value = substitute(dim, sizes)
    assert isinstance(value, int), f"{dim} has other symbols than {', '.join(sizes)}"
    return value
