"""How long each step of a network takes in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from archdsl.backends.numpy.kernels.array import Array
from archdsl.backends.numpy.program import Program
from archdsl.backends.numpy.runtime import Pass, Value
from archdsl.ir.graph import Graph
from archdsl.timing import Timed, Timings, by_step, seconds_of

EDGE = 1024
"""Of the square matrices whose product is timed."""


class Watch(Pass):
    """A pass that notes the time of each kernel."""

    def __init__(self, network: Program) -> None:
        super().__init__(network, train=False)
        self.timed: list[Timed] = []

    def __call__(self, kernel: Callable[..., Any], /, *inputs: Value, layer: str = "", **options: Any) -> Any:
        start = perf_counter()
        result = super().__call__(kernel, *inputs, layer=layer, **options)
        self.timed.append(Timed(layer, kernel.__name__, perf_counter() - start))
        return result


def profile(graph: Graph, shapes: Mapping[str, Sequence[int]], runs: int) -> Timings:
    """The medians of some runs on inputs of these shapes, drawn at random."""
    program = Program(graph)
    inputs = [_input(shape, entry.shape.kind) for shape, entry in zip(shapes.values(), graph.inputs, strict=True)]
    passes = []
    for _ in range(runs + 1):
        watch = Watch(program)
        program.forward(watch, *(watch.value(array) for array in inputs))
        passes.append(watch.timed)
    seconds = seconds_of(lambda: program(*inputs), runs)
    one, other = np.random.default_rng(0).random((2, EDGE, EDGE), dtype=np.float32)
    return Timings(by_step(passes[1:]), seconds, 2 * EDGE**3 / seconds_of(lambda: one @ other, 10))


def _input(shape: Sequence[int], kind: str) -> Array:
    return np.zeros(shape, np.int64) if kind == "int" else np.random.default_rng(0).random(shape, dtype=np.float32)
