"""Is a sum of products zero for all sizes of its symbols? If not, where first?

Symbols that stand together in one division, or in one fact, form a group; a term is a product with one factor for each
group. Over the sizes of a group, these factors are vectors, and the sum is linear in them: where it is zero for a basis
of the vectors, it is zero for all. A basis of the earliest sizes has the earliest counterexample too: at any other size
of the group, the vector is a sum of those at earlier sizes, so that the claim already fails at one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product as combinations
from math import gcd, lcm, prod

from archdsl.sizes.dim import Dim, Expr, Monomial, number, symbols
from archdsl.sizes.fact import Fact
from archdsl.sizes.periodic import FARTHEST, TooFar, degree, ordered_from, period, settled_from

Point = tuple[tuple[int, ...], dict[str, int]]
ONE: Monomial = ()


def first_failing(gap: Dim, facts: Sequence[Fact], order: Sequence[Dim]) -> list[dict[str, int]]:
    """Sizes of the symbols for which `gap` is not zero though the facts hold, the first of all such among them.

    `order` are what sizes are ordered by; the least come first. An empty list is a proof. Raises `TooFar` where sizes
    repeat too late to be gone through.
    """
    groups = _groups(gap, order, facts)
    terms = [(_factors(atoms, groups), factor) for atoms, factor in _terms(gap)]
    found: list[list[tuple[Point, Mapping[Monomial, int]]]] = []
    for index, group in enumerate(groups):
        own = [fact for fact in facts if fact.symbols & group]
        factors = list(dict.fromkeys(term[index] for term, _ in terms))
        found.append(_basis(sorted(group), factors, own, [_part(size, group) for size in order]))
    if prod(map(len, found)) > FARTHEST:
        raise TooFar
    failing: list[Point] = []
    for choice in combinations(*found):
        total = sum(
            factor * prod(values[part] for part, (_, values) in zip(parts, choice, strict=True))
            for parts, factor in terms
        )
        if total:
            keys = zip(*(key for (key, _), _ in choice), strict=True)
            sizes = {name: size for (_, point), _ in choice for name, size in point.items()}
            failing.append((tuple(map(sum, keys)), sizes))
    return [sizes for _, sizes in sorted(failing, key=lambda point: point[0])]


def points(names: Sequence[str], sizes: Sequence[Dim], facts: Sequence[Fact]) -> list[dict[str, int]]:
    """Sizes of a group's symbols that tell everything about some sizes.

    They go up to where the facts hold for good, or never again, and as many periods beyond as the sizes have powers.

    Raises `TooFar` where these are too many.
    """
    counts = []
    for name in names:
        step = lcm(*(period(size, name) for size in (*sizes, *(fact.gap for fact in facts))))
        power = max((degree(size, name) for size in sizes), default=0)
        alone = (settled_from(fact.gap, name) for fact in facts if fact.symbols == {name})
        start = max((1, *(ordered_from(size, name) for size in sizes), *alone))
        counts.append(start + step * (power + 1) - 1)
    if prod(counts) > FARTHEST:
        raise TooFar
    ranges = [range(1, count + 1) for count in counts]
    every = (dict(zip(names, choice, strict=True)) for choice in combinations(*ranges))
    return [point for point in every if all(fact.holds(point) for fact in facts)]


def _basis(
    names: Sequence[str], factors: Sequence[Monomial], facts: Sequence[Fact], order: Sequence[Dim]
) -> list[tuple[Point, Mapping[Monomial, int]]]:
    """The earliest sizes of a group whose vectors of factors span those at all others."""
    sizes = [Expr(((atoms, 1),)) if atoms else 1 for atoms in factors]
    ordered = sorted(
        ((tuple(number(size, point) for size in order), point) for point in points(names, sizes, facts)),
        key=lambda point: point[0],
    )
    basis: list[tuple[Point, Mapping[Monomial, int]]] = []
    rows: list[list[int]] = []
    for key, point in ordered:
        vector = [number(size, point) for size in sizes]
        if _extends(rows, list(vector)):
            basis.append(((key, point), dict(zip(factors, vector, strict=True))))
            if len(basis) == len(factors):
                break
    return basis


def _extends(rows: list[list[int]], vector: list[int]) -> bool:
    """Whether a vector is no sum of multiples of the rows; it becomes one of them then, reduced."""
    for row in rows:
        pivot = next(i for i, entry in enumerate(row) if entry)
        if vector[pivot]:
            up, down = row[pivot], vector[pivot]
            vector = [up * a - down * b for a, b in zip(vector, row, strict=True)]
    shared = gcd(*vector)
    if not shared:
        return False
    rows.append([entry // shared for entry in vector])
    return True


def _groups(gap: Dim, order: Iterable[Dim], facts: Iterable[Fact]) -> list[frozenset[str]]:
    """The symbols, those together that one division, one fact or one product of the order holds."""
    bonds = [_names((atom,)) for atoms, _ in _terms(gap) for atom in atoms]
    bonds += [_names(atoms) for size in order for atoms, _ in _terms(size)]
    groups: list[frozenset[str]] = []
    for bond in filter(None, (*bonds, *(fact.symbols for fact in facts))):
        near = [group for group in groups if group & bond]
        groups = [group for group in groups if group not in near] + [bond.union(*near)]
    return groups


def _factors(atoms: Monomial, groups: Sequence[frozenset[str]]) -> tuple[Monomial, ...]:
    """A product as one factor for each group."""
    return tuple(tuple(atom for atom in atoms if _names((atom,)) <= group) for group in groups)


def _part(size: Dim, group: frozenset[str]) -> Dim:
    """What a group adds to a sum whose terms have a group each."""
    total: Dim = 0
    for atoms, factor in _terms(size):
        if atoms and _names(atoms) <= group:
            total = total + Expr(((atoms, factor),))
    return total


def _names(atoms: Monomial) -> frozenset[str]:
    return symbols(Expr(((atoms, 1),))) if atoms else frozenset()


def _terms(size: Dim) -> tuple[tuple[Monomial, int], ...]:
    return size.terms if isinstance(size, Expr) else ((ONE, size),) if size else ()
