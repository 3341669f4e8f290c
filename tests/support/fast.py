"""Programs of fast kernels: their weights, and how far they are from the reference."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.program import Program


def difference(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest error, as a share of the largest value.

    Where terms of size 1 cancel and little is left, a sum is as inexact as its terms: less than 0.05 counts as 0.05.
    """
    assert got.shape == wanted.shape
    return float(np.abs(got - wanted).max(initial=0) / max(0.05, np.abs(wanted).max(initial=0)))


def fill(program: Program, seed: int = 0) -> Program:
    """Weights of size 1 or so, also where first values are all alike."""
    rng = np.random.default_rng(seed)
    state = program.state_dict()
    for name, array in state.items():
        if array.dtype.kind == "f":
            fans = max(1, int(np.prod(array.shape[1:]))) if array.ndim > 1 else 4
            drawn = rng.standard_normal(array.shape) / np.sqrt(fans)
            state[name] = np.abs(drawn) + 0.5 if name.endswith("running_var") else drawn
    program.load_state_dict(state)
    return program
