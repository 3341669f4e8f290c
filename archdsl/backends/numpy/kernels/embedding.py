"""Embeddings: learned vectors for whole numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients


def embedding(x: Array, weight: Array) -> tuple[Array, Callable[[Array], tuple[None, Gradients]]]:
    """The rows of weight [count, features] that x names; whole numbers have no gradient."""
    wrong = x[(x < 0) | (x >= len(weight))]
    if wrong.size:
        raise IndexError(f"embedding has vectors for 0 to {len(weight) - 1}, and gets {wrong.flat[0]}")

    def pullback(dy: Array) -> tuple[None, Gradients]:
        gradient = np.zeros_like(weight)
        np.add.at(gradient, x, dy)
        return None, {"weight": gradient}

    return weight[x], pullback
