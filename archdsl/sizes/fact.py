"""What is known of sizes: `H % 2 == 0`, `W == 2 * H`, `H >= 32`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import cached_property

from archdsl.record import Record
from archdsl.sizes.dim import Dim, number, substitute, symbols

RELATIONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Fact(Record):
    """A comparison of sizes: `Fact(h % 2, "==", 0)`."""

    left: Dim
    relation: str
    right: Dim

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"

    @cached_property
    def gap(self) -> Dim:
        return self.left - self.right

    @cached_property
    def symbols(self) -> frozenset[str]:
        return symbols(self.gap)

    def at(self, values: Mapping[str, Dim]) -> Fact:
        """The fact with symbols replaced."""
        return Fact(substitute(self.gap, values), self.relation, 0)

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether it is true of these sizes; they are all that it speaks of."""
        return RELATIONS[self.relation](number(self.gap, sizes), 0)
