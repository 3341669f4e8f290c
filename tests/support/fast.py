"""Programs of fast kernels: their weights, and how far they are from the reference."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.program import Program


def difference(got: np.ndarray, wanted: np.ndarray) -> float:
    assert got.shape == wanted.shape
    return float(np.abs(got - wanted).max(initial=0) / (np.abs(wanted).max(initial=0) or 1))


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
