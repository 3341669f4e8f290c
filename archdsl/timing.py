"""What a backend measures of a network: the seconds of each layer, of a whole pass, and what the machine could do.

Both backends fill it in; `reports.bench` reads it. Times are medians, so that one disturbed run changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

from archdsl.record import Record


class Timed(Record):
    """One step of a pass. `layer` is the path of its layer where it has one of its own, `kind` says what it does."""

    layer: str
    kind: str
    seconds: float


class Timings(Record):
    """A pass, step by step. `seconds` is the pass as a whole, undisturbed by looking at its steps.

    `rate` is how many floating-point operations a second the backend's matrix product reaches on this machine.
    """

    steps: tuple[Timed, ...]
    seconds: float
    rate: float


def seconds_of(run: Callable[[], object], runs: int) -> float:
    """The median time of a call, after one that does not count."""
    run()
    times = []
    for _ in range(runs):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return median(times)


def by_step(passes: list[list[Timed]]) -> tuple[Timed, ...]:
    """The median of each step over several passes."""
    return tuple(
        Timed(same[0].layer, same[0].kind, median(timed.seconds for timed in same))
        for same in zip(*passes, strict=True)
    )
