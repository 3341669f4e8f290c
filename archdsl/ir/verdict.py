"""What became of a claim about sizes: proved, refuted by a counterexample, or unknown."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from archdsl.record import Record


class Proved(Record):
    """True for every size."""


class Refuted(Record):
    """False, for one at `sizes`, the smallest (of least sum, then of least first size); for all where that is empty.

    True exactly where `condition` holds, when that is known.
    """

    sizes: Mapping[str, int] = MappingProxyType({})
    condition: str = ""

    @property
    def when(self) -> str:
        """The sizes for which it is false, to be put behind what is the case: ": wrong for H = 1"."""
        given = ", ".join(f"{name} = {value}" for name, value in self.sizes.items())
        return f": wrong for {given}" + (f", true when {self.condition}" if self.condition else "") if given else ""

    @property
    def clause(self) -> str:
        """What may stand behind `where` to make it true: one remainder, or a range of more than one size."""
        first = self.condition.partition(" or ")[0]
        return first if "%" in first or "==" not in first else ""


class Unknown(Record):
    """Not decided."""


SETTLE = "give the sizes to settle it: numbers in the input's shape, or check with --input NAME=1x3x224x224"
"""What a user can do about a claim that is not decided."""

Verdict = Proved | Refuted | Unknown
