"""Sizes as Python expressions, for emitted files.

Takes a size and how its symbols are read, returns text; knows neither where the sizes come from nor what they are for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archdsl.sizes.dim import Atom, Dim, Extreme, Floor, Symbol


def python(dim: Dim, names: Mapping[str, str]) -> str:
    """A size as a Python expression over the sizes that `names` reads.

    python(symbol("H") % 16, {"H": "x.shape[2]"})      # "x.shape[2] % 16"
    """
    if isinstance(dim, int):
        return str(dim)
    remainder = _remainder(dim)
    if remainder:
        return f"{_operand(remainder.numerator, names)} % {_operand(remainder.divisor, names)}"
    text = ""
    for atoms, factor in sorted(dim.terms, key=lambda term: (not term[0], term[1] < 0)):
        factors = [str(abs(factor))] if abs(factor) != 1 or not atoms else []
        factors += (_atom(atom, names) for atom in atoms)
        text += (" - " if factor < 0 else " + ") if text else ("-" if factor < 0 else "")
        text += " * ".join(factors)
    return text


def _remainder(dim: Dim) -> Floor | None:
    """The division whose remainder a size is: `x - n (x // n)`."""
    for atoms, factor in () if isinstance(dim, int) else dim.terms:
        atom = atoms[0] if len(atoms) == 1 else None
        if isinstance(atom, Floor) and factor == -1 * atom.divisor and dim == atom.numerator % atom.divisor:
            return atom
    return None


def _operand(dim: Dim, names: Mapping[str, str]) -> str:
    text = python(dim, names)
    return f"({text})" if " " in text else text


_ATOMS: dict[type, Callable[..., str]] = {
    Symbol: lambda atom, names: names[atom.name],
    Floor: lambda atom, names: f"({_operand(atom.numerator, names)} // {_operand(atom.divisor, names)})",
    Extreme: lambda atom, names: f"{atom.kind}({', '.join(python(item, names) for item in atom.items)})",
}


def _atom(atom: Atom, names: Mapping[str, str]) -> str:
    return _ATOMS[type(atom)](atom, names)
