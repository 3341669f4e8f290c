"""What is seen of a size at a glance: what it never falls below, and whether it ever falls."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from archdsl.sizes.dim import Atom, Dim, Floor, Monomial, Symbol

ALL_FROM_ONE: Mapping[str, int] = MappingProxyType({})


def least(size: Dim, symbols: Mapping[str, int] = ALL_FROM_ONE) -> int | None:
    """A number that a size never falls below, where no symbol falls below its own: 1 unless given. None where none is
    seen.

    least(h * w - 1, {"H": 2, "W": 3})      # 5
    """
    if isinstance(size, int):
        return size
    total = 0
    for product, factor in size.terms:
        for atom in product:
            bound = _least_of(atom, symbols)
            if factor < 0 or bound is None or bound < 0:
                return None
            factor *= bound
        total += factor
    return total


def _least_of(atom: Atom, symbols: Mapping[str, int]) -> int | None:
    if isinstance(atom, Symbol):
        return symbols.get(atom.name, 1)
    if isinstance(atom, Floor):
        bound = least(atom.numerator, symbols)
        return None if bound is None or not isinstance(atom.divisor, int) else bound // atom.divisor
    bounds = [least(item, symbols) for item in atom.items]
    seen = [bound for bound in bounds if bound is not None]
    if atom.kind == "min":
        return min(seen) if len(seen) == len(bounds) else None
    return max(seen, default=None)


def never_falls(size: Dim) -> bool:
    """Whether a size is seen to stay or to grow as its symbols grow.

    never_falls((h + 1) // 2 + w)      # True
    """
    return isinstance(size, int) or all(
        not product or (factor > 0 and all(map(_never_falls, product)) and _never_negative(product))
        for product, factor in size.terms
    )


def _never_negative(product: Monomial) -> bool:
    """Whether factors keep the order of each other's values; a single one has none beside it."""
    return len(product) == 1 or all((_least_of(atom, ALL_FROM_ONE) or 0) >= 0 for atom in product)


def _never_falls(atom: Atom) -> bool:
    if isinstance(atom, Symbol):
        return True
    if isinstance(atom, Floor):
        return isinstance(atom.divisor, int) and never_falls(atom.numerator)
    return all(map(never_falls, atom.items))
