"""Is a claim about sizes true for every size? Proved, refuted by a counterexample, or unknown.

Unknown is never taken for good. Most claims are settled by normal forms alone; only what is left is worth `decide`,
which is imported then.
"""

from __future__ import annotations

from collections.abc import Callable

from archdsl.record import Entity
from archdsl.sizes.dim import Dim, smallest
from archdsl.sizes.fact import RELATIONS, Fact
from archdsl.sizes.verdict import Proved, Refuted, Verdict


class Known(Entity):
    """What is known of sizes where a proof is asked for: facts that are stated, and those that `found` works out then.

    Known((Fact(h % 2, "==", 0),))
    """

    stated: tuple[Fact, ...] = ()
    found: Callable[[], tuple[Fact, ...]] = tuple

    def also(self, *facts: Fact) -> Known:
        """The same and more."""
        return Known((*self.stated, *facts), self.found) if facts else self

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (*self.stated, *self.found())


NOTHING_KNOWN = Known()


def equal(a: Dim, b: Dim, known: Known = NOTHING_KNOWN) -> Verdict:
    """Whether two sizes are the same for all values of their symbols from 1 on that what is known allows.

    equal((h + 1) // 2, h - h // 2)      # Proved()
    equal((h + 1) // 2, h // 2)          # Refuted({"H": 1}, "H % 2 == 0")
    """
    gap = a - b
    if isinstance(gap, int):
        return Proved() if gap == 0 else Refuted()
    from archdsl.sizes.decide import zero

    return zero(gap, known.facts)


def holds(claim: Fact, known: Known = NOTHING_KNOWN) -> Verdict:
    """Whether a comparison (all but !=) is true for all sizes that what is known allows; `Refuted()` if for none.

    holds(Fact((h + 1) // 2, "<=", h))      # Proved()
    holds(Fact(h // 2, ">=", 4))            # Refuted({"H": 1}, "H >= 8")
    """
    gap = claim.gap
    if isinstance(gap, int):
        return Proved() if RELATIONS[claim.relation](gap, 0) else Refuted()
    verdict = equal(_SHORT[claim.relation](gap), 0, known)
    if isinstance(verdict, Refuted):
        from archdsl.sizes.decide import contradictory, linked

        if contradictory((*linked(claim.symbols, known.facts), claim)):
            return Refuted()
    return verdict


_SHORT: dict[str, Callable[[Dim], Dim]] = {
    "==": lambda gap: gap,
    ">=": lambda gap: smallest([gap, 0]),
    ">": lambda gap: smallest([gap - 1, 0]),
    "<=": lambda gap: smallest([-gap, 0]),
    "<": lambda gap: smallest([-gap - 1, 0]),
}
"""By how much a comparison with 0 fails: 0 where it holds."""
