"""How long each step of a network takes in NumPy: those of its schedule, with all that is folded into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter

import numpy as np

from archdsl.backends.numpy.kernels.array import Array
from archdsl.backends.numpy.program import Program
from archdsl.graph.nodes import Graph
from archdsl.timing import Timed, Timings, by_step, seconds_of

EDGE = 2048
"""Of the square matrices whose product is timed."""


def profile(graph: Graph, shapes: Mapping[str, Sequence[int]], runs: int) -> Timings:
    """The medians of some runs on inputs of these shapes, drawn at random."""
    program = Program(graph)
    inputs = [_input(shape, entry.shape.kind) for shape, entry in zip(shapes.values(), graph.inputs, strict=True)]
    names = [(step.layer, step.call.kernel.__name__.removesuffix("_into")) for step in program.fused.steps]
    passes = []
    for seconds in program.engine.timed(inputs, runs + 1, perf_counter):
        passes.append([Timed(layer, kind, each) for (layer, kind), each in zip(names, seconds, strict=True)])
    whole = seconds_of(lambda: program(*inputs), runs)
    one, other = np.random.default_rng(0).random((2, EDGE, EDGE), dtype=np.float32)
    return Timings(by_step(passes[1:]), whole, 2 * EDGE**3 / seconds_of(lambda: one @ other, 10))


def _input(shape: Sequence[int], kind: str) -> Array:
    return np.zeros(shape, np.int64) if kind == "int" else np.random.default_rng(0).random(shape, dtype=np.float32)
