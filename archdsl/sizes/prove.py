"""Is a claim about sizes true for every size? Proved, refuted by a counterexample, or unknown.

Unknown is never taken for good. Most claims are settled by normal forms alone; only what is left is worth `decide`,
which is imported then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from archdsl.sizes.dim import Dim, smallest
from archdsl.sizes.fact import RELATIONS, Fact
from archdsl.sizes.verdict import Proved, Refuted, Verdict

_known: ContextVar[tuple[Fact, ...]] = ContextVar("known", default=())
_found: ContextVar[Callable[[], tuple[Fact, ...]]] = ContextVar("found", default=tuple)


@contextmanager
def assuming(facts: tuple[Fact, ...], found: Callable[[], tuple[Fact, ...]] | None = None) -> Iterator[None]:
    """Proofs inside the block may use these facts as well, and those that `found` knows of by then."""
    tokens = _known.set((*_known.get(), *facts)), _found.set(found or _found.get())
    try:
        yield
    finally:
        _known.reset(tokens[0])
        _found.reset(tokens[1])


def assume(*facts: Fact) -> None:
    """Proofs from here to the end of the enclosing `assuming` may use these facts."""
    _known.set((*_known.get(), *facts))


def known() -> tuple[Fact, ...]:
    """The facts that are stated here."""
    return _known.get()


def equal(a: Dim, b: Dim, where: tuple[Fact, ...] = ()) -> Verdict:
    """Whether two sizes are the same for all values of their symbols from 1 on that the known facts allow.

    equal((h + 1) // 2, h - h // 2)      # Proved()
    equal((h + 1) // 2, h // 2)          # Refuted({"H": 1}, "H % 2 == 0")
    """
    gap = a - b
    if isinstance(gap, int):
        return Proved() if gap == 0 else Refuted()
    from archdsl.sizes.decide import zero

    return zero(gap, (*_known.get(), *_found.get()(), *where))


def holds(claim: Fact) -> Verdict:
    """Whether a comparison (all but !=) is true for all sizes that the known facts allow; `Refuted()` if for none.

    holds(Fact((h + 1) // 2, "<=", h))      # Proved()
    holds(Fact(h // 2, ">=", 4))            # Refuted({"H": 1}, "H >= 8")
    """
    gap = claim.gap
    if isinstance(gap, int):
        return Proved() if RELATIONS[claim.relation](gap, 0) else Refuted()
    verdict = equal(_SHORT[claim.relation](gap), 0)
    if isinstance(verdict, Refuted):
        from archdsl.sizes.decide import contradictory, linked

        if contradictory((*linked(claim.symbols, (*_known.get(), *_found.get()())), claim)):
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
