"""What became of a claim about sizes: proved, refuted by a counterexample, or unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from archdsl.record import Record


class Proved(Record):
    """True for every size."""


class Refuted(Record):
    """False, for one at `sizes`, the smallest (of least sum, then of least first size); for all where that is empty.

    True exactly where `condition` holds, when that is known: `H % 2 == 0 or H % 8 == 1`, or for several sizes
    `H % 2 == 0 and W % 2 == 0`.
    """

    sizes: Mapping[str, int] = MappingProxyType({})
    condition: str = ""

    @classmethod
    def together(cls, all_of: Sequence[Refuted]) -> Refuted:
        """What is refuted of one of several claims that should all hold."""
        conditions = list(dict.fromkeys(verdict.condition for verdict in all_of))
        is_plain = all(conditions) and (len(conditions) == 1 or not any(" or " in words for words in conditions))
        return cls(all_of[0].sizes, " and ".join(conditions) if is_plain else "")

    @property
    def when(self) -> str:
        """The sizes for which it is false, to be put behind what is the case: ": wrong for H = 1"."""
        given = ", ".join(f"{name} = {value}" for name, value in self.sizes.items())
        return f": wrong for {given}" + (f", true when {self.condition}" if self.condition else "") if given else ""

    @property
    def clause(self) -> str:
        """What may stand behind `where` to make it true: one remainder, or a range of more than one size."""
        parts = [condition.partition(" or ")[0] for condition in self.condition.split(" and ")]
        return ", ".join(parts) if all("%" in part or "==" not in part for part in parts) else ""


class Unknown(Record):
    """Not decided."""


SETTLE = "give the sizes to settle it: numbers in the input's shape, or check with --input NAME=1x3x224x224"
"""What a user can do about a claim that is not decided."""

Verdict = Proved | Refuted | Unknown
