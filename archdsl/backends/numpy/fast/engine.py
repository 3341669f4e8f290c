"""What runs a network fast: for each shape of input a schedule, made when it is first seen, and threads for it.

A batch is cut into parts that each thread takes through the whole network by itself; the images that are left over, and
a single one, are shared by all threads, step by step.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from itertools import pairwise
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from archdsl.backends.numpy.fast.commands import Phase, Task
from archdsl.backends.numpy.fast.packs import Packs
from archdsl.backends.numpy.fast.schedule import Schedule, Trace
from archdsl.backends.numpy.fast.thread_pool import ThreadPool, alone, threads
from archdsl.backends.numpy.kernels.array import Array

TOGETHER = 4
"""Images that a thread takes through the network at a time, at most."""
KEPT = 4
"""Shapes of input whose schedules are kept."""


class BatchPlan(NamedTuple):
    """How a batch is cut: what each thread runs alone, so many images at a time, and what all run for the rest."""

    alone: list[Schedule]
    together: int
    shared: Schedule | None


class Engine:
    """Runs what `forward` writes down.

    engine = Engine(forward, weights)
    y, = engine.run({"image": image})

    `forward` takes a trace and a buffer for each input; `weights` gives the weights of a layer by their arguments.
    """

    def __init__(self, forward: Callable[..., Any], weights: Callable[[str], Mapping[str, Array]]) -> None:
        self.forward = forward
        self.weights = weights
        self.packs = Packs()
        self.runs: OrderedDict[Any, BatchPlan] = OrderedDict()
        self.pool = ThreadPool(threads())
        self.lock = Lock()

    def run(self, given: Mapping[str, Array], changed: bool = False) -> list[Array]:
        """The outputs for these inputs, as new arrays; `changed` tells that weights are not what they were."""
        with self.lock, alone():
            key = tuple(array.shape for array in given.values())
            if key not in self.runs:
                self.runs[key] = self._planned(list(given.values()))
                if len(self.runs) > KEPT:
                    self.runs.popitem(last=False)
            self.runs.move_to_end(key)
            if changed:
                self.packs.spoil()
            self.packs.refresh()
            return self._go(self.runs[key], list(given.values()))

    def timed(self, given: list[Array], runs: int, clock: Callable[[], float]) -> list[list[float]]:
        """The time of each step, for so many runs in which all threads share each of them."""
        times = []
        with self.lock, alone():
            trace, outputs = self._traced(given, self.pool.size)
            schedule = Schedule(trace, outputs)
            self.packs.refresh()
            for to, array in zip(schedule.inputs, given, strict=True):
                to[...] = array
            for _ in range(runs):
                marks = [clock()]
                for part in schedule.parts:
                    self.pool.run(part)
                    marks.append(clock())
                times.append([stop - start for start, stop in pairwise(marks)])
        return times

    def _planned(self, given: list[Array]) -> BatchPlan:
        size, count = self.pool.size, len(given[0]) if given[0].ndim else 0
        by_image = size > 1 and count >= size and all(array.ndim and len(array) == count for array in given)
        if by_image:
            share = count // size
            together = max(part for part in range(1, TOGETHER + 1) if share % part == 0)
            schedule = self._schedule([array[:together] for array in given], 1)
            if schedule is not None:
                others = [self._schedule([array[:together] for array in given], 1) for _ in range(1, size)]
                rest = [array[share * size :] for array in given]
                shared = self._schedule(rest, size) if len(rest[0]) else None
                return BatchPlan([schedule, *(other for other in others if other is not None)], together, shared)
        trace, outputs = self._traced(given, size)
        return BatchPlan([], 0, Schedule(trace, outputs))

    def _schedule(self, given: list[Array], workers: int) -> Schedule | None:
        """A schedule for some of the images of a batch; nothing if images are not treated one by one."""
        trace, outputs = self._traced(given, workers)
        alike = trace.by_image and all(buffer.shape and buffer.shape[0] == len(given[0]) for buffer in outputs)
        return Schedule(trace, outputs) if alike else None

    def _traced(self, given: list[Array], workers: int) -> tuple[Trace, list[Any]]:
        trace = Trace(self.packs, self.weights, workers)
        buffers = [trace.given(array.shape, array.dtype) for array in given]
        left = self.forward(trace, *buffers)
        return trace, list(left) if isinstance(left, tuple) else [left]

    def _go(self, run: BatchPlan, given: list[Array]) -> list[Array]:
        model = run.alone[0] if run.alone else run.shared
        assert model is not None, "a batch is run by some threads at least"
        count = len(given[0]) if run.alone else 0
        results = [
            np.empty((count, *left.shape[1:]) if run.alone else left.shape, np.float32) for left in model.outputs
        ]
        done = 0
        if run.alone:
            share = count // len(run.alone)
            tasks: Phase = []
            for place, schedule in enumerate(run.alone):
                task: Task = []
                for start in range(place * share, (place + 1) * share, run.together):
                    cut = slice(start, start + run.together)
                    task += [(np.copyto, (to, array[cut])) for to, array in zip(schedule.inputs, given, strict=True)]
                    task += [command for phase in schedule.commands for command in phase[0]]
                    task += [(np.copyto, (to[cut], left)) for to, left in zip(results, schedule.outputs, strict=True)]
                tasks.append(task)
            self.pool.run([tasks])
            done = share * len(run.alone)
        if run.shared is not None:
            for to, array in zip(run.shared.inputs, given, strict=True):
                to[...] = array[done:] if done else array
            self.pool.run(run.shared.commands)
            for to, left in zip(results, run.shared.outputs, strict=True):
                (to[done:] if done else to)[...] = left
        return results
