"""How a size behaves along one symbol: from some point on it is a polynomial for each residue of a period.

Floor divisions by integers repeat: with `h = P q + r`, every one of them is a polynomial in `q` with whole
coefficients, for a period `P` that is read off the divisors; sums and products of such sizes are as well. `min` and
`max` are too, once the order of what they compare has settled. So a few periods past that point tell everything about a
size. Nothing here knows what is to be proved.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from math import comb, lcm

from archdsl.sizes.dim import Atom, Dim, Extreme, Floor, Symbol, number, symbols

FARTHEST = 100_000  # no claim is decided by going through more sizes than this


class TooFar(Exception):
    """A size repeats too late to be looked at."""


def atoms(dim: Dim) -> Iterator[Atom]:
    """Every atom of a size, those inside others first."""
    if isinstance(dim, int):
        return
    for product, _ in dim.terms:
        for atom in product:
            if isinstance(atom, Floor):
                yield from atoms(atom.numerator)
                yield from atoms(atom.divisor)
            elif isinstance(atom, Extreme):
                for item in atom.items:
                    yield from atoms(item)
            yield atom


def period(dim: Dim, name: str) -> int:
    """The number of sizes after which every floor division in a size repeats along a symbol.

    period((h + 1) // 2 // 3, "H")      # 6

    Raises `TooFar` where there is none that is short enough.
    """
    if isinstance(dim, int):
        return 1
    found = 1
    for product, _ in dim.terms:
        for atom in product:
            if isinstance(atom, Floor) and name in symbols(atom.numerator):
                if not isinstance(atom.divisor, int):
                    raise TooFar
                found = lcm(found, period(atom.numerator, name) * atom.divisor)
            elif isinstance(atom, Extreme):
                found = lcm(found, *(period(item, name) for item in atom.items))
            if found > FARTHEST:
                raise TooFar
    return found


def degree(dim: Dim, name: str) -> int:
    """The highest power with which a size grows along a symbol.

    degree(h * (h // 2), "H")      # 2
    """
    if isinstance(dim, int):
        return 0
    return max(sum(_degree(atom, name) for atom in product) for product, _ in dim.terms)


def _degree(atom: Atom, name: str) -> int:
    if isinstance(atom, Symbol):
        return int(atom.name == name)
    if isinstance(atom, Floor):
        return degree(atom.numerator, name)
    return max(degree(item, name) for item in atom.items)


def is_bounded(dim: Dim) -> bool:
    """Whether a size is seen to depend on nothing but the remainders of its symbols.

    is_bounded((h + w) % 2)      # True
    """
    names = sorted(symbols(dim))
    ones = dict.fromkeys(names, 1)
    return _is_linear(dim) and all(
        number(dim, {**ones, name: 1 + period(dim, name)}) == number(dim, ones) for name in names
    )


def _is_linear(dim: Dim) -> bool:
    """Whether a size has neither products nor extremes, so that it grows by the same over every period."""
    return isinstance(dim, int) or all(len(product) < 2 and all(map(_is_plain, product)) for product, _ in dim.terms)


def _is_plain(atom: Atom) -> bool:
    return isinstance(atom, Symbol) or (isinstance(atom, Floor) and _is_linear(atom.numerator))


def ordered_from(dim: Dim, name: str) -> int:
    """The size of a symbol from which on no `min` or `max` of that symbol alone changes sides."""
    extremes = (atom for atom in atoms(dim) if isinstance(atom, Extreme))
    alone = (atom for atom in extremes if frozenset().union(*map(symbols, atom.items)) == {name})
    pairs = (pair for atom in alone for pair in combinations(atom.items, 2))
    return max((settled_from(a - b, name) for a, b in pairs), default=1)


def settled_from(dim: Dim, name: str) -> int:
    """A size of a symbol from which on the sign of another, which depends on it alone, repeats with its period.

    settled_from(h - 10, "H")      # 11
    """
    start, step, power = ordered_from(dim, name), period(dim, name), degree(dim, name)
    if power == 0:
        return start
    if start + step * (power + 1) > FARTHEST:
        raise TooFar
    farthest = start
    for first in range(start, start + step):
        values = [number(dim, {name: first + step * count}) for count in range(power + 1)]
        farthest = max(farthest, first + step * _steady_after(_differences(values)))
    if farthest > FARTHEST:
        raise TooFar
    return farthest


def _differences(values: list[int]) -> list[int]:
    """The first value, its difference to the next, the difference of the differences, and so on."""
    found = []
    while values:
        found.append(values[0])
        values = [after - before for before, after in pairwise(values)]
    return found


def _steady_after(differences: list[int]) -> int:
    """The number of steps after which a polynomial, told by its differences, has the sign of its last for good.

    It has where it and all its differences have: none can fall back then.
    """
    while differences and differences[-1] == 0:
        differences.pop()
    if not differences:
        return 0
    sign = 1 if differences[-1] > 0 else -1

    def steady(count: int) -> bool:
        orders = range(len(differences))
        value, *moves = (sum(d * comb(count, k) for k, d in enumerate(differences[order:])) for order in orders)
        return sign * value > 0 and all(sign * move >= 0 for move in moves)

    if steady(0):
        return 0
    low, high = 0, 1
    while not steady(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if steady(middle) else (middle, high)
    return high
