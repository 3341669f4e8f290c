"""Sizes in their shortest form, where symbols are known to be multiples.

Where `H % 16 == 0` is known, `ceil(H / 2)` is `H // 2`, `16 * (H // 16)` is `H`, and what layers cost at several sizes
of an image adds up to one product. This is about how sizes read: proofs need none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from math import gcd, lcm

from archdsl.sizes.dim import Atom, Dim, Expr, Extreme, Floor, Symbol, largest, smallest, substitute, symbol, symbols
from archdsl.sizes.fact import Fact
from archdsl.sizes.shape import Shape


def shortened(shapes: tuple[Shape, ...], stated: tuple[Fact, ...]) -> tuple[Shape, ...]:
    """The shapes, with sizes as short as these facts let them be written.

    shortened((Shape((n, 8, 2 * (h // 2))),), (Fact(h % 2, "==", 0),))      # ([N, 8, H],)
    """
    steps = _steps(stated)
    if not steps:
        return shapes
    return tuple(Shape(tuple(_shortest(dim, steps) for dim in shape.dims), shape.kind) for shape in shapes)


def shortest(dim: Dim, facts: Iterable[Fact]) -> Dim:
    """The size in its shortest form, where these facts hold.

    shortest(4 * ((h + 3) // 4), [Fact(h % 8, "==", 0)])      # H
    """
    return _shortest(dim, _steps(tuple(facts)))


def _shortest(dim: Dim, steps: tuple[tuple[str, int], ...]) -> Dim:
    mine = {name: step for name, step in steps if name in symbols(dim)}
    if not mine:
        return dim
    counted = substitute(dim, {name: step * symbol(name) for name, step in mine.items()})
    return min(dim, _measured(counted, mine), key=lambda size: len(str(size)))


@cache
def _steps(facts: tuple[Fact, ...]) -> tuple[tuple[str, int], ...]:
    """The symbols that are known to be multiples, and of what."""
    steps: dict[str, int] = {}
    for fact in facts:
        for name in fact.symbols if fact.relation == "==" else ():
            step = _step(fact.gap, name)
            steps[name] = lcm(steps.get(name, 1), step)
    return tuple((name, step) for name, step in sorted(steps.items()) if step > 1)


def _step(gap: Dim, name: str) -> int:
    """What a symbol is a multiple of where `gap` is 0: 4 for `H % 4`, and 1 where that does not follow."""
    for product, factor in gap.terms if isinstance(gap, Expr) else ():
        for atom in product:
            if isinstance(atom, Floor) and isinstance(atom.divisor, int) and abs(factor) == atom.divisor:
                remainder = symbol(name) % atom.divisor
                if gap in (remainder, -remainder):
                    return atom.divisor
    return 1


def _measured(counted: Dim, steps: Mapping[str, int]) -> Dim:
    """A size that counts steps, `8 * H` for half of `H`, in the symbols themselves: `H // 2`."""
    if isinstance(counted, int):
        return counted
    total: Dim = 0
    for product, factor in counted.terms:
        term: Dim = 1
        for atom in product:
            shared = gcd(factor, steps[atom.name]) if isinstance(atom, Symbol) and atom.name in steps else 1
            term = term * _part(atom, shared, steps)
            factor //= shared
        total = total + factor * term
    return total


def _part(atom: Atom, shared: int, steps: Mapping[str, int]) -> Dim:
    """`shared` times an atom that counts steps."""
    if isinstance(atom, Floor):
        return _measured(atom.numerator, steps) // _measured(atom.divisor, steps)
    if isinstance(atom, Extreme):
        return (smallest if atom.kind == "min" else largest)(_measured(item, steps) for item in atom.items)
    return symbol(atom.name) // (steps.get(atom.name, shared) // shared)
