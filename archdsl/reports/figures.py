"""Figures as people read them: three or four digits and a unit."""

from __future__ import annotations

from archdsl.sizes.dim import Dim


def count(number: Dim) -> str:
    """A large number; an expression as it is.

    count(117_600_000)      # "117.6 M"
    """
    return _scaled(number, 1000, ("", " K", " M", " G", " T")) if isinstance(number, int) else str(number)


def memory(number: Dim) -> str:
    """A number of bytes; an expression as it is.

    memory(58_408)      # "57.04 KiB"
    """
    return _scaled(number, 1024, (" B", " KiB", " MiB", " GiB", " TiB")) if isinstance(number, int) else str(number)


def _scaled(number: int, base: int, units: tuple[str, ...]) -> str:
    if number < base:
        return f"{number}{units[0]}"
    size, unit = float(number), 0
    while unit + 1 < len(units) and size >= base - 0.005:
        size, unit = size / base, unit + 1
    return f"{size:.{2 if size < 100 else 1}f}{units[unit]}"
