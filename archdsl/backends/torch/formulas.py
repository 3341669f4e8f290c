"""How a number follows from the pass of a repetition, `i` of them gone by.

    64, 96, 128     64 + 32 * i
    64, 128, 128    64 if i == 0 else 128
    64, 128, 256    widths[i]
    64 if i == 0 else widths[i - 1]

Each instance of a class has its own numbers, and may have more or fewer passes; one formula says them all. Its parts
are numbers again, one for each instance, which become parameters where they vary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from archdsl.backends.torch.calls import Passes, typed


@dataclass(frozen=True)
class Base:
    """A sequence of values that a class may be given, one for each instance, and the expression that reads it."""

    text: str
    parameter: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Formula:
    """What is computed from the parts: the value of each in every instance, and the text from their texts."""

    parts: tuple[tuple[Any, ...], ...]
    text: Callable[[Sequence[str]], str]


def formula(passes: Passes, given: Sequence[Base]) -> Formula:
    """The simplest formula; `given` are the values that are known of each instance."""
    whole = next((base for base in given if typed(base.values) == typed(passes.values)), None)
    rules = () if whole else (_steps, _after_first, _one_back)
    found = next((found for rule in rules for found in [rule(passes.values, given)] if found), None)
    return found or Formula((passes.values,), lambda parts: f"{parts[0]}[i]")


def _steps(passes: Sequence[tuple[Any, ...]], given: Sequence[Base]) -> Formula | None:
    """The same amount more in every pass."""
    if not all(type(value) is int for own in passes for value in own):
        return None
    steps = [{b - a for a, b in pairwise(own)} for own in passes]
    if any(len(own) > 1 for own in steps):
        return None
    starts = tuple(own[0] for own in passes)
    step = _completed([next(iter(own), None) for own in steps], given, 0)
    return Formula((starts, step), _linear)


def _linear(parts: Sequence[str]) -> str:
    start, step = parts
    product = "i" if step == "1" else f"({step}) * i" if " + " in step or " - " in step else f"{step} * i"
    if start == "0":
        return product
    return f"{start} - {product[1:]}" if product.startswith("-") else f"{start} + {product}"


def _after_first(passes: Sequence[tuple[Any, ...]], given: Sequence[Base]) -> Formula | None:
    """One value in the first pass, another one in all that follow."""
    rests = [set(own[1:]) for own in passes]
    if any(len(own) > 1 for own in rests):
        return None
    firsts = tuple(own[0] for own in passes)
    rest = _completed([next(iter(own), None) for own in rests], given, firsts[0])
    return Formula((firsts, rest), lambda parts: f"{parts[0]} if i == 0 else {parts[1]}")


def _one_back(passes: Sequence[tuple[Any, ...]], given: Sequence[Base]) -> Formula | None:
    """In every pass but the first what a list has for the pass before it."""
    for base in given:
        lists = [value if isinstance(value, tuple) else () for value in base.values]
        if all(typed(own[1:]) == typed(items[: len(own) - 1]) for own, items in zip(passes, lists, strict=True)):
            firsts = tuple(own[0] for own in passes)
            return Formula((firsts, base.values), lambda parts: f"{parts[0]} if i == 0 else {parts[1]}[i - 1]")
    return None


def _completed(values: Sequence[Any], given: Sequence[Base], otherwise: Any) -> tuple[Any, ...]:
    """Values of which some are open: those that are given to the class, if they agree with the rest."""
    if None not in values:
        return tuple(values)
    agree = (
        base.values
        for base in given
        if all(value in (None, own) and type(own) is int for value, own in zip(values, base.values, strict=True))
    )
    return next(agree, tuple(otherwise if value is None else value for value in values))
