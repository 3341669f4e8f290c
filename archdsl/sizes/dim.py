"""Sizes: integers, and exact integer expressions over symbols such as N, H and W.

A `Dim` is an `int` or an `Expr`. An `Expr` is a sum of products in a normal form, so that expressions that are equal by
the rules below are equal objects: like terms are collected, whole multiples leave a floor division, nested divisions
merge, and common divisors cancel. What the rules don't settle is left to `prove`. No size is ever rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from math import gcd
from typing import TypeAlias

from archdsl.record import Record


class Symbol(Record):
    """A size that is known when the network runs."""

    name: str

    def __str__(self) -> str:
        return self.name


class Floor(Record):
    """The floor of a quotient that no rule simplifies further."""

    numerator: Expr
    divisor: Dim

    @cached_property
    def _text(self) -> str:
        if isinstance(self.divisor, int) and self.numerator.constant == self.divisor - 1:
            return f"ceil({_factor(self.numerator - self.numerator.constant)} / {self.divisor})"
        return f"{_factor(self.numerator)} // {_factor(self.divisor)}"

    def __str__(self) -> str:
        return self._text


class Extreme(Record):
    """The smallest (`min`) or the largest (`max`) of several sizes."""

    kind: str
    items: tuple[Dim, ...]

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(map(str, self.items))})"


Atom: TypeAlias = "Symbol | Floor | Extreme"
Monomial: TypeAlias = "tuple[Atom, ...]"


class Expr(Record):
    """A sum of integer multiples of products of atoms, never a plain integer.

    h = symbol("H")
    (h + 1) // 2 // 2      # ceil(H / 2) // 2 in one division: (H + 1) // 4
    """

    terms: tuple[tuple[Monomial, int], ...]

    @cached_property
    def _hash(self) -> int:
        return hash(self.terms)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def weight(self) -> int:
        """How long the formula is: its symbols, those inside divisions and extremes as often as they stand there.

        (h // 2 + w).weight      # 3: H, the 2 that divides it, and W
        """
        return sum(max(1, sum(map(_weight, product))) for product, _ in self.terms)

    @property
    def constant(self) -> int:
        return next((factor for product, factor in self.terms if not product), 0)

    @property
    def is_sum(self) -> bool:
        return len(self.terms) > 1

    def __add__(self, other: Dim) -> Dim:
        return _sum(self, other)

    __radd__ = __add__

    def __neg__(self) -> Dim:
        return _collect((product, -factor) for product, factor in self.terms)

    def __sub__(self, other: Dim) -> Dim:
        return self + (-other)

    def __rsub__(self, other: Dim) -> Dim:
        return -self + other

    def __mul__(self, other: Dim) -> Dim:
        pairs = ((a, b) for a in self.terms for b in _terms(other))
        return _collect((_product(p + q), f * g) for (p, f), (q, g) in pairs)

    __rmul__ = __mul__

    def __floordiv__(self, other: Dim) -> Dim:
        return _floor(self, other)

    def __rfloordiv__(self, other: Dim) -> Dim:
        return _floor(other, self)

    def __mod__(self, other: Dim) -> Dim:
        return self - self // other * other

    def __rmod__(self, other: Dim) -> Dim:
        return other - other // self * self

    @cached_property
    def _text(self) -> str:
        """The sum in words; `x - n (x // n)` is the remainder `x % n`."""
        for product, factor in self.terms:
            for atom in product if factor < 0 else ():
                if isinstance(atom, Floor):
                    times = -factor // atom.divisor if isinstance(atom.divisor, int) else 1
                    if self == atom.numerator % atom.divisor * times:
                        remainder = f"{_factor(atom.numerator)} % {_factor(atom.divisor)}"
                        return remainder if times == 1 else f"{times} * ({remainder})"
        words: list[str] = []
        for product, factor in sorted(self.terms, key=lambda term: (not term[0], term[1] < 0)):
            factors = [str(abs(factor))] if abs(factor) != 1 or not product else []
            alone = len(factors) + len(product) == 1
            factors += (str(atom) if alone else _operand(atom) for atom in product)
            body = " * ".join(factors)
            sign = "-" if factor < 0 else "+"
            words.append(f" {sign} {body}" if words else ("-" if factor < 0 else "") + body)
        return "".join(words)

    def __str__(self) -> str:
        return self._text


Dim: TypeAlias = "int | Expr"


def _weight(atom: Atom) -> int:
    if isinstance(atom, Symbol):
        return 1
    parts = (atom.numerator, atom.divisor) if isinstance(atom, Floor) else atom.items
    return sum(part.weight if isinstance(part, Expr) else 1 for part in parts)


def symbol(name: str) -> Expr:
    """The size called `name`."""
    return Expr((((Symbol(name),), 1),))


def ceildiv(a: Dim, b: Dim) -> Dim:
    """The quotient rounded up.

    ceildiv(7, 2)      # 4
    """
    return (a + b - 1) // b


def smallest(items: Iterable[Dim]) -> Dim:
    """The minimum, as a number where that is known."""
    return _extreme("min", items)


def largest(items: Iterable[Dim]) -> Dim:
    """The maximum, as a number where that is known."""
    return _extreme("max", items)


def product(items: Iterable[Dim]) -> Dim:
    """All sizes multiplied; 1 for none."""
    result: Dim = 1
    for item in items:
        result = result * item
    return result


def symbols(dim: Dim) -> frozenset[str]:
    """The names of the symbols that a size depends on."""
    found: set[str] = set()
    for atom in _atoms(dim):
        if isinstance(atom, Symbol):
            found.add(atom.name)
        elif isinstance(atom, Floor):
            found |= symbols(atom.numerator) | symbols(atom.divisor)
        else:
            found.update(*map(symbols, atom.items))
    return frozenset(found)


def substitute(dim: Dim, values: Mapping[str, Dim]) -> Dim:
    """The size with symbols replaced.

    substitute(symbol("H") // 2, {"H": 7})      # 3
    """
    if isinstance(dim, int):
        return dim
    total: Dim = 0
    for atoms, factor in dim.terms:
        term: Dim = factor
        for atom in atoms:
            term = term * _replaced(atom, values)
        total = total + term
    return total


def number(dim: Dim, sizes: Mapping[str, int]) -> int:
    """The size where all symbols are known.

    number(symbol("H") // 2, {"H": 7})      # 3
    """
    if isinstance(dim, int):
        return dim
    total = 0
    for atoms, factor in dim.terms:
        for atom in atoms:
            factor *= _known(atom, sizes)
        total += factor
    return total


def _known(atom: Atom, sizes: Mapping[str, int]) -> int:
    if isinstance(atom, Symbol):
        return sizes[atom.name]
    if isinstance(atom, Floor):
        return number(atom.numerator, sizes) // number(atom.divisor, sizes)
    return (min if atom.kind == "min" else max)(number(item, sizes) for item in atom.items)


def without(dim: Dim, atom: Atom, value: Dim) -> Dim:
    """The size with an atom replaced, wherever it stands.

    without(largest([h, w]) // 2, Extreme("max", (h, w)), h)      # H // 2
    """
    if isinstance(dim, int):
        return dim
    total: Dim = 0
    for atoms, factor in dim.terms:
        total = total + product(value if part == atom else _inside(part, atom, value) for part in atoms) * factor
    return total


def _inside(part: Atom, atom: Atom, value: Dim) -> Dim:
    if isinstance(part, Floor):
        return without(part.numerator, atom, value) // without(part.divisor, atom, value)
    if isinstance(part, Extreme):
        return _extreme(part.kind, [without(item, atom, value) for item in part.items])
    return Expr((((part,), 1),))


def _replaced(atom: Atom, values: Mapping[str, Dim]) -> Dim:
    if isinstance(atom, Symbol):
        return values.get(atom.name, Expr((((atom,), 1),)))
    if isinstance(atom, Floor):
        return substitute(atom.numerator, values) // substitute(atom.divisor, values)
    return _extreme(atom.kind, [substitute(item, values) for item in atom.items])


def _terms(dim: Dim) -> tuple[tuple[Monomial, int], ...]:
    return dim.terms if isinstance(dim, Expr) else (((), dim),)


def _atoms(dim: Dim) -> Iterable[Atom]:
    return (atom for product, _ in _terms(dim) for atom in product)


def _product(atoms: Monomial) -> Monomial:
    return tuple(sorted(atoms, key=str))


def _collect(terms: Iterable[tuple[Monomial, int]]) -> Dim:
    sums: dict[Monomial, int] = {}
    for product, factor in terms:
        sums[product] = sums.get(product, 0) + factor
    kept = [(product, factor) for product, factor in sums.items() if factor]
    if not kept:
        return 0
    if len(kept) == 1 and not kept[0][0]:
        return kept[0][1]
    return Expr(tuple(sorted(kept, key=lambda term: tuple(map(str, term[0])))))


@lru_cache(maxsize=1 << 14)
def _sum(a: Expr, b: Dim) -> Dim:
    """a + b; the layers of a network ask for the same few sums again and again."""
    return _collect([*a.terms, *_terms(b)])


@lru_cache(maxsize=1 << 14)
def _floor(a: Dim, b: Dim) -> Dim:
    """a // b in normal form. A symbolic divisor stands for a size, so it is at least 1."""
    if isinstance(b, Expr):
        return _floor_symbolic(a, b)
    if b == 0:
        raise ZeroDivisionError
    if isinstance(a, int):
        return a // b
    if b < 0:
        a, b = -a, -b
        if isinstance(a, int):
            return a // b
    if b == 1:
        return a
    whole = _collect((product, factor // b) for product, factor in a.terms)
    rest = _collect((product, factor % b) for product, factor in a.terms)
    if isinstance(rest, int):
        return whole + rest // b
    shared = gcd(b, *(factor for product, factor in rest.terms if product))
    if shared > 1:
        inner = _collect((product, factor // shared) for product, factor in rest.terms)
        return whole + _floor(inner, b // shared)
    return whole + _merged(rest, b)


def _merged(rest: Expr, b: Dim) -> Dim:
    """((x // n) + c) // m is (x + c n) // (n m)."""
    head = [term for term in rest.terms if term[0]]
    if len(head) == 1 and head[0][1] == 1 and len(head[0][0]) == 1:
        atom = head[0][0][0]
        if isinstance(atom, Floor):
            return _floor(atom.numerator + rest.constant * atom.divisor, atom.divisor * b)
    return Expr((((Floor(rest, b),), 1),))


def _floor_symbolic(a: Dim, b: Expr) -> Dim:
    if a == 0:
        return 0
    if a == b:
        return 1
    if len(b.terms) == 1:
        whole = [(term, _cancelled(term, b.terms[0])) for term in _terms(a)]
        out = _collect(term for _, term in whole if term is not None)
        if out != 0:
            return out + _collect(term for term, left in whole if left is None) // b
    return _merged(a if isinstance(a, Expr) else Expr((((), a),)), b)


def _cancelled(term: tuple[Monomial, int], by: tuple[Monomial, int]) -> tuple[Monomial, int] | None:
    atoms, factor = list(term[0]), term[1]
    if factor % by[1]:
        return None
    for atom in by[0]:
        if atom not in atoms:
            return None
        atoms.remove(atom)
    return tuple(atoms), factor // by[1]


def _extreme(kind: str, items: Iterable[Dim]) -> Dim:
    choose = min if kind == "min" else max
    kept: list[Dim] = []
    for item in items:
        for index, other in enumerate(kept):
            gap = item - other
            if isinstance(gap, int):
                kept[index] = other + choose(0, gap)
                break
        else:
            kept.append(item)
    if len(kept) == 1:
        return kept[0]
    return Expr((((Extreme(kind, tuple(sorted(kept, key=str))),), 1),))


def _operand(atom: Atom) -> str:
    """An atom as a factor: a division stands in brackets, since it binds no stronger than the product around it."""
    text = str(atom)
    return f"({text})" if isinstance(atom, Floor) and not text.startswith("ceil(") else text


def _factor(dim: Dim) -> str:
    """A size as an operand of a division: sums and products stand in brackets."""
    if isinstance(dim, int):
        return str(dim)
    (atoms, factor), *others = dim.terms
    return f"({dim})" if others or factor != 1 or len(atoms) > 1 else _operand(atoms[0])
