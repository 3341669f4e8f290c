"""Compiling a network for NumPy takes work that grows with its length alone."""

from __future__ import annotations

import numpy as np
import pytest
from support.growth import operations, share_beyond_linear

import archdsl
from archdsl.backends.numpy.fast.memory import LiveRange, place
from archdsl.backends.numpy.fast.packs import Packs
from archdsl.backends.numpy.fast.schedule import Schedule, Trace
from archdsl.backends.numpy.fuse import fused
from archdsl.backends.numpy.plan import last_uses, plan
from archdsl.backends.numpy.program import Program

BODIES = {
    "chain": "conv(4, kernel=3, padding=1) -> batch_norm -> relu -> group_norm(2)",
    "residual": "add { | conv(4, kernel=3, padding=1) -> batch_norm | identity }\nrelu",
    "dense": "concat { | | batch_norm -> relu -> conv(1, kernel=1) }",
}
"""What is repeated; a dense network has more channels the longer it is."""
SIZE, LONG = 24, 800
"""How often a body is repeated where work is counted, and where it is foretold: 3,200 steps or so."""
WITHIN = 0.05
"""How much of the work for the long one may grow faster than they do; measured: below 0.01."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archdsl.backends.numpy.fast.thread_pool.threads", lambda: 2)


def network(body: str, times: int) -> archdsl.Network:
    lines = "\n".join([BODIES[body]] * times)
    return archdsl.loads(f"network T {{ input x: [N, 4, 4, 4]\n{lines}\n}}")


@pytest.mark.parametrize("body", BODIES)
def test_making_a_program(body: str) -> None:
    def count(times: int) -> int:
        graph = network(body, times).graph
        flat = plan(graph)
        return operations(lambda: (plan(graph), fused(flat), last_uses(flat)))

    assert share_beyond_linear(count, SIZE, LONG) < WITHIN


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("workers", [1, 2])
def test_planning_the_first_run(body: str, workers: int) -> None:
    def count(times: int) -> int:
        program = Program(network(body, times).graph)

        def first() -> None:
            trace = Trace(Packs(), program.weights_of, workers)
            Schedule(trace, [*program.trace(trace, trace.given((1, 4, 4, 4)))])

        return operations(first)

    assert share_beyond_linear(count, SIZE, LONG) < WITHIN


def test_a_value_that_lives_long_costs_its_length_alone() -> None:
    def count(times: int) -> int:
        stays = [LiveRange(9, 0, 4 * times), *(LiveRange(size % 8, size, size + 1) for size in range(4 * times))]
        return operations(lambda: place(stays))

    assert share_beyond_linear(count, SIZE, LONG) < WITHIN


def test_what_grows_faster_is_seen() -> None:
    def count(times: int) -> int:
        return operations(lambda: [other for one in range(times) for other in range(one)])

    assert share_beyond_linear(count, SIZE, LONG) > 0.9
    assert np.isclose(share_beyond_linear(lambda times: 5 + 7 * times, SIZE, LONG), 0)
