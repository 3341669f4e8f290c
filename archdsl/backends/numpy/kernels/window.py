"""Sliding windows over any number of spatial axes, one strided view for each element of the window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Size


class Window(NamedTuple):
    """A window on its way over an input: its form, and the number of places it stops at along each axis."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    places: tuple[int, ...]


def fit(
    sizes: tuple[int, ...], kernel: Size, stride: Size, padding: Size, dilation: Size = 1, ceil: bool = False
) -> Window:
    """The window over an input of these sizes; one number stands for all axes.

    fit((28, 28), kernel=5, stride=1, padding=2).places      # (28, 28)

    With `ceil`, the last window may hang over the end if it starts inside the input or its left padding.
    """
    k, s, p, d = (per_axis(size, len(sizes)) for size in (kernel, stride, padding, dilation))
    places = []
    for axis, size in enumerate(sizes):
        span = d[axis] * (k[axis] - 1) + 1
        room = size + 2 * p[axis]
        if span > room:
            raise ValueError(f"a window of {span} does not fit into {room} positions")
        count = (room - span) // s[axis] + 1
        if ceil:
            count = min(-(-(room - span) // s[axis]), (size + p[axis] - 1) // s[axis]) + 1
        places.append(count)
    return Window(k, s, p, d, tuple(places))


def per_axis(size: Size, axes: int) -> tuple[int, ...]:
    """One number for each axis.

    per_axis(2, 3)      # (2, 2, 2)
    """
    return (size,) * axes if isinstance(size, int) else tuple(size)


def pad(x: Array, window: Window, value: float = 0.0) -> Array:
    """The input with room for every window: `padding` positions at both ends, and what the last window hangs over."""
    widths = [(0, 0)] * (x.ndim - len(window.kernel))
    for size, k, s, p, d, n in zip(x.shape[len(widths) :], *window, strict=True):
        widths.append((p, max(p, s * (n - 1) + d * (k - 1) + 1 - size - p)))
    return np.pad(x, widths, constant_values=value) if np.any(widths) else x


def crop(x: Array, window: Window, sizes: tuple[int, ...]) -> Array:
    """What `pad` was given: a padded array without its padding."""
    inside: Any = (slice(p, p + size) for p, size in zip(window.padding, sizes, strict=True))
    return x[(..., *inside)]


def taps(x: Array, window: Window) -> Iterator[Array]:
    """For each element of the window, in row-major order, a view of the values that it meets, one for each place.

        list(taps(x, window))[0]      # what the window's first element meets of a padded x

    Reading the views gathers windows; adding to them scatters gradients back.
    """
    for offset in np.ndindex(*window.kernel):
        steps = zip(offset, window.dilation, window.places, window.stride, strict=True)
        met: Any = (slice(o * d, o * d + (n - 1) * s + 1, s) for o, d, n, s in steps)
        yield x[(..., *met)]
