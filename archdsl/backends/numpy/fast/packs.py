"""Weights in the form that fast kernels read them in, prepared when weights are set."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

import numpy as np

from archdsl.backends.numpy.kernels.array import Array

Fill = Callable[[Array], None]


class Packs:
    """Prepared weights by what they are for, and how to prepare them anew, in the same memory."""

    def __init__(self) -> None:
        self.arrays: dict[Hashable, tuple[Array, Fill]] = {}
        self.fresh: set[Hashable] = set()

    def array(self, key: Hashable, shape: tuple[int, ...], fill: Fill) -> Array:
        """The memory for prepared weights, which `refresh` fills."""
        if key not in self.arrays:
            self.arrays[key] = np.empty(shape, np.float32), fill
        return self.arrays[key][0]

    def refresh(self) -> None:
        """Prepare what is not."""
        for key in self.arrays.keys() - self.fresh:
            array, fill = self.arrays[key]
            fill(array)
        self.fresh = set(self.arrays)

    def spoil(self) -> None:
        """The weights have changed."""
        self.fresh.clear()


def slope_of(norm: Mapping[str, Array], eps: float) -> tuple[Array, Array]:
    """A batch norm with fixed averages as a scale and a shift for each channel, in float64."""
    scale = 1 / np.sqrt(norm["running_var"].astype(np.float64) + eps)
    shift = -norm["running_mean"] * scale
    if "weight" in norm:
        scale, shift = scale * norm["weight"], shift * norm["weight"]
    if "bias" in norm:
        shift = shift + norm["bias"]
    return scale, shift


def folded(
    weights: Mapping[str, Array], norm: Mapping[str, Array] | None, eps: float, flip: bool
) -> tuple[Array, Array]:
    """A convolution's kernel and bias, with the batch norm behind it folded into both."""
    kernel, bias = weights["weight"], weights.get("bias", np.zeros(len(weights["weight"])))
    if flip:
        kernel = np.flip(kernel, tuple(range(2, kernel.ndim)))
    if norm is None:
        return kernel, bias
    scale, shift = slope_of(norm, eps)
    return kernel * scale.reshape(-1, *(1 for _ in kernel.shape[1:])), bias * scale + shift
