"""Engines that take turns: each in a process of its own, so that its memory is its own, and one works at a time.

A machine that slows down slows all of them, so that ratios within a round hold when times do not. Where in memory the
weights of a process come to lie costs it some percent for as long as it lives, so each engine is started several times.
"""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

SHORT = 0.25
"""Seconds below which a call is preceded by one that is not timed, to find its own data in the caches again."""

Engine = Callable[..., Callable[[], Any]]
"""What makes a call out of arguments: `engine(case, batch)()` is one run, and returns what is compared."""


def in_a_process(function: Callable[..., None], *arguments: Any) -> None:
    """Call a function in a process of its own, so that its memory goes with it."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{function.__name__} ended with {process.exitcode}")


class Measured(NamedTuple):
    """Seconds of each timed call, and the peak memory of the process in MiB."""

    seconds: list[float]
    mebibytes: float

    @property
    def milliseconds(self) -> float:
        """The median, in ms."""
        return 1000 * median(self.seconds)


def together(starts: Sequence[Mapping[str, Measured]]) -> dict[str, Measured]:
    """The rounds of several starts as one, engine by engine."""
    return {
        name: Measured(
            [second for start in starts for second in start[name].seconds],
            max(start[name].mebibytes for start in starts),
        )
        for name in starts[0]
    }


def ratio(one: Measured, other: Measured) -> float:
    """How many times as long one takes as the other: the median over the rounds."""
    return median(a / b for a, b in zip(one.seconds, other.seconds, strict=True))


class Turn(NamedTuple):
    """What a process answers: seconds of a call, its result, and the peak memory so far."""

    seconds: float
    result: Any
    mebibytes: float


@contextmanager
def engines(makers: Mapping[str, Engine]) -> Iterator[dict[str, Connection]]:
    """A process for each engine, which ends with the block."""
    context = multiprocessing.get_context("spawn")
    ends: dict[str, Connection] = {}
    workers = []
    for name, maker in makers.items():
        ends[name], there = context.Pipe()
        workers.append(context.Process(target=_work, args=(maker, there), daemon=True))
        workers[-1].start()
        there.close()
    try:
        yield ends
    finally:
        for end in ends.values():
            end.close()
        for worker in workers:
            worker.join(timeout=10)


def measure(
    ends: Mapping[str, Connection], arguments: tuple[Any, ...], budget: float, least: int
) -> tuple[dict[str, Measured], dict[str, Any]]:
    """Let engines take turns for `budget` seconds, `least` rounds or more; and tell what each returned at first."""
    results: dict[str, Any] = {}
    for name, end in ends.items():
        results[name] = _ask(end, ("make", *arguments)).result
    for end in ends.values():
        _ask(end, ("run",))
    turns: dict[str, list[Turn]] = {name: [] for name in ends}
    start = perf_counter()
    rounds = 0
    while rounds < least or perf_counter() - start < budget:
        for name, end in ends.items():
            turns[name].append(_ask(end, ("run",)))
        rounds += 1
    measured = {
        name: Measured([turn.seconds for turn in done], max(turn.mebibytes for turn in done))
        for name, done in turns.items()
    }
    return measured, results


def measure_starts(
    makers: Mapping[str, Engine],
    budgets: Mapping[int, float],
    starts: int,
    check: Callable[[dict[str, Any]], None],
) -> dict[int, dict[str, Measured]]:
    """Start engines several times, and measure each batch for so many seconds; `check` gets what they return at first.

    Batches come in the order of `budgets`: the smaller one first, since the peak of memory stays.
    """
    found: dict[int, list[dict[str, Measured]]] = {batch: [] for batch in budgets}
    for _ in range(starts):
        with engines(makers) as ends:
            for batch, budget in budgets.items():
                measured, results = measure(ends, (batch,), budget, least=2)
                check(results)
                found[batch].append(measured)
    return {batch: together(measured) for batch, measured in found.items()}


def _ask(end: Connection, question: tuple[Any, ...]) -> Turn:
    end.send(question)
    answer = end.recv()
    if isinstance(answer, Exception):
        raise answer
    assert isinstance(answer, Turn)
    return answer


def _work(maker: Engine, parent: Connection) -> None:
    """Make a call, or run the one that was made, as often as the parent asks."""
    call: Callable[[], Any] | None = None
    last = 0.0
    while True:
        try:
            what, *arguments = parent.recv()
        except EOFError:
            return
        try:
            if what == "make":
                call = None  # its memory goes before the next one's comes
                call = maker(*arguments)
                parent.send(Turn(0.0, call(), _peak()))
                continue
            assert call is not None
            if last < SHORT:
                call()
            start = perf_counter()
            call()
            last = perf_counter() - start
            parent.send(Turn(last, None, _peak()))
        except Exception as error:  # the parent raises it
            parent.send(error)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
