"""A claim about sizes, and what is known of them, brought into a form in which products of one symbol each decide it.

Stated equalities and bounds are put in place of the symbols that they fix, `min` and `max` of several symbols are split
into a case for each, and quotients of symbols become symbols. What still ties several symbols together is set aside:
without it a proof still holds, and a counterexample must fit it. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import gcd

from archdsl.record import Record, replace
from archdsl.sizes.bounds import least
from archdsl.sizes.dim import Atom, Dim, Expr, Extreme, Floor, Symbol, substitute, symbol, symbols, without
from archdsl.sizes.fact import Fact
from archdsl.sizes.periodic import TooFar, atoms, is_bounded, settled_from


class Case(Record):
    """A claim that `gap` is 0 where the facts hold.

    `sizes` are those of the symbols that the claim was made about, in the symbols of this case. `aside` are facts that
    no proof here can use; `is_exact` is whether nothing else was forgotten.
    """

    gap: Dim
    facts: tuple[Fact, ...]
    sizes: Mapping[str, Dim]
    aside: tuple[Fact, ...] = ()
    is_exact: bool = True

    def at(self, values: Mapping[str, Dim], *more: Fact, aside: tuple[Fact, ...] = ()) -> Case:
        """The case with symbols replaced, and what is known of them then."""
        return Case(
            substitute(self.gap, values),
            (*(fact.at(values) for fact in self.facts), *more),
            {name: substitute(size, values) for name, size in self.sizes.items()},
            (*(fact.at(values) for fact in self.aside), *aside),
            self.is_exact,
        )

    def where(self, atom: Atom, value: Dim, facts: tuple[Fact, ...]) -> Case:
        """The case with an atom replaced, which is right where some facts hold."""
        return replace(
            self,
            gap=without(self.gap, atom, value),
            facts=(*(Fact(without(fact.gap, atom, value), fact.relation, 0) for fact in self.facts), *facts),
        )


def cases(claim: Case) -> Iterator[Case]:
    """The claim in cases that `separable` decides; none where the facts contradict each other."""
    reduced = _reduced(claim)
    if reduced is None:
        return
    tied = _tied_extreme(reduced)
    if tied is None:
        yield _loosened(reduced)
        return
    for item in tied.items:
        relation = "<=" if tied.kind == "min" else ">="
        chosen = tuple(Fact(item, relation, other) for other in tied.items if other != item)
        yield from cases(reduced.where(tied, item, chosen))


def _reduced(case: Case) -> Case | None:
    """The case without the facts that fix symbols, or bound them from below; None where a fact is never true."""
    while True:
        facts = tuple(fact for fact in case.facts if not _always(fact))
        if any(map(_never, facts)):
            return None
        case = replace(case, facts=facts)
        for fact in sorted(facts, key=lambda fact: fact.relation != "=="):
            rest = replace(case, facts=tuple(other for other in facts if other is not fact))
            simpler = _fixed(rest, fact.gap) if fact.relation == "==" else _bounded(rest, fact)
            if simpler is not None:
                case = simpler
                break
        else:
            return case


def _always(fact: Fact) -> bool:
    """Whether a fact says nothing: sizes are at least 1."""
    if isinstance(fact.gap, int):
        return fact.holds({})
    excess = _excess(fact)
    bound = least(excess) if excess is not None else None
    return bound is not None and bound >= 0


def _never(fact: Fact) -> bool:
    """Whether a fact is seen to be false for all sizes."""
    if isinstance(fact.gap, int):
        return not fact.holds({})
    excess = _excess(fact)
    bound = least(-excess - 1) if excess is not None else None
    return bound is not None and bound >= 0


def _excess(fact: Fact) -> Dim | None:
    """What is at least 0 where an inequality holds."""
    gap = fact.gap
    return {">=": gap, ">": gap - 1, "<=": -gap, "<": -gap - 1}.get(fact.relation)


def _fixed(case: Case, gap: Dim) -> Case | None:
    """The case where `gap` is 0, solved for a symbol: `W - 2 H` puts `2 H` in place of `W`."""
    assert isinstance(gap, Expr)
    shared = gcd(*(factor for product, factor in gap.terms if product))
    if gap.constant % shared:
        return replace(case, facts=(Fact(1, "==", 0),))
    if shared > 1:
        return replace(case, facts=(*case.facts, Fact(gap // shared, "==", 0)))
    divided = _divided(gap)
    if divided is not None:
        return replace(case, facts=(*case.facts, divided))
    stepping = _stepping(gap)
    if stepping is not None:
        return case.at(stepping)
    for name, factor in sorted(_alone(gap).items(), reverse=True):
        if abs(factor) == 1:
            value = -factor * (gap - factor * symbol(name))
            return case.at({name: value}, Fact(value, ">=", 1))
    return _proportional(case, gap)


def _divided(gap: Expr) -> Fact | None:
    """`n == d q` for a fact that a symbol `d` divides `n`. The quotient becomes a symbol, at least 1 as `n` is."""
    for atom in atoms(gap):
        if isinstance(atom, Floor) and _is_quotient(atom) and gap == atom.numerator % atom.divisor:
            bound = least(atom.numerator)
            if bound is not None and bound >= 1:
                return Fact(atom.numerator, "==", atom.divisor * symbol(f"({atom})"))
    return None


def _stepping(gap: Expr) -> dict[str, Dim] | None:
    """The symbol whose remainder a fact fixes, in steps: `H % 4 - 3` is 0 where `H = 4 H' - 1`."""
    for atom in atoms(gap):
        if isinstance(atom, Floor) and isinstance(atom.divisor, int):
            rest = atom.numerator % atom.divisor - gap
            names = sorted(symbols(atom.numerator))
            shift = atom.numerator - symbol(names[0])
            if isinstance(rest, int) and isinstance(shift, int) and 0 <= rest < atom.divisor:
                first = (rest - shift) % atom.divisor or atom.divisor
                return {names[0]: atom.divisor * (symbol(f"{names[0]}'") - 1) + first}
    return None


def _proportional(case: Case, gap: Expr) -> Case | None:
    """The case where `a x - b y + c` is 0: both grow in steps, `2 H == 3 W` where `H = 3 k` and `W = 2 k`."""
    alone = _alone(gap)
    if len(alone) != 2 or len(gap.terms) - (1 if gap.constant else 0) != 2:
        return None
    (first, a), (second, b) = sorted(alone.items())
    if a * b > 0:
        return None
    shared = gcd(a, b) * (1 if a > 0 else -1)
    if gap.constant % shared:
        return replace(case, facts=(Fact(1, "==", 0),))
    a, b, c = a // shared, -b // shared, gap.constant // shared
    x = -c * pow(a, -1, b) % b or b
    y = (a * x + c) // b
    behind = max(0, -(-(1 - y) // a))
    steps = symbol(f"{first}'") + (behind - 1)
    return case.at({first: x + b * steps, second: y + a * steps})


def _bounded(case: Case, fact: Fact) -> Case | None:
    """The case where a symbol has a lower bound, told by how far it is beyond: `H >= W` puts `W + H' - 1` for `H`."""
    excess = _excess(fact)
    if not isinstance(excess, Expr):
        return None
    for name, factor in sorted(_alone(excess).items()):
        bound = symbol(name) - excess
        lowest = least(bound)
        if factor == 1 and lowest is not None:
            beyond = {name: bound + symbol(f"{name}'") - 1}
            return case.at(beyond, aside=() if lowest >= 1 else (Fact(symbol(name), ">=", 1).at(beyond),))
    return None


def _alone(size: Expr) -> dict[str, int]:
    """The symbols of which a size holds a plain multiple and nothing else, with the factors."""
    found: dict[str, int] = {}
    for product, factor in size.terms:
        if len(product) == 1 and isinstance(product[0], Symbol):
            name = product[0].name
            if name not in symbols(size - factor * symbol(name)):
                found[name] = factor
    return found


def _tied_extreme(case: Case) -> Extreme | None:
    """A `min` or `max` that compares several symbols, or quotients of symbols, in the claim or in what is known."""
    for size in (case.gap, *(fact.gap for fact in case.facts)):
        for atom in atoms(size):
            if isinstance(atom, Extreme) and (len(_names(atom)) > 1 or any(map(_is_quotient, atoms(_as_size(atom))))):
                return atom
    return None


def _loosened(case: Case) -> Case:
    """The case with quotients of symbols as symbols, and the facts set aside that tie several symbols together."""
    gap, divisors = case.gap, []
    while quotients := [atom for atom in atoms(gap) if isinstance(atom, Floor) and _is_quotient(atom)]:
        outermost = quotients[-1]
        gap = without(gap, outermost, symbol(f"({outermost})"))
        divisors.append(Fact(outermost.divisor, ">=", 1))
    used = tuple(fact for fact in case.facts if _is_usable(fact))
    aside = tuple(fact for fact in case.facts if fact not in used)
    return Case(gap, used, case.sizes, (*case.aside, *aside, *divisors), case.is_exact and not divisors)


def _is_usable(fact: Fact) -> bool:
    """Whether a fact depends on one symbol, or on the remainders of several."""
    if any(map(_is_quotient, atoms(fact.gap))):
        return False
    try:
        if len(fact.symbols) == 1:
            return settled_from(fact.gap, *fact.symbols) > 0
        return is_bounded(fact.gap)
    except TooFar:
        return False


def _is_quotient(atom: Atom) -> bool:
    return isinstance(atom, Floor) and not isinstance(atom.divisor, int)


def _names(atom: Atom) -> frozenset[str]:
    return symbols(_as_size(atom))


def _as_size(atom: Atom) -> Expr:
    return Expr((((atom,), 1),))
