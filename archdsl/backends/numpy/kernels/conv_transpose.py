"""Transposed convolution: what comes back through a convolution, going forward."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback, Size
from archdsl.backends.numpy.kernels.conv import columns, uncolumns
from archdsl.backends.numpy.kernels.window import Window, per_axis


def conv_transpose(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> tuple[Array, Pullback]:
    """Spread each value over a window of the output, each group of input channels over its group of output channels.

    y[o, stride · p + dilation · k - padding] += weight[c, o, k] · x[c, p]

    x [N, C, *places], weight [C, O / groups, *kernel], bias [O] -> y [N, O, *sizes].
    """
    batch, inputs, *places = x.shape
    axes = tuple(range(2, x.ndim))
    s, p, d, added = (per_axis(size, len(axes)) for size in (stride, padding, dilation, output_padding))
    window = Window(weight.shape[2:], s, p, d, tuple(places))
    shape = (batch, groups * weight.shape[1], *spread_sizes(window, added))
    rows = weight.reshape(groups, inputs // groups, -1)
    values = x.swapaxes(0, 1).reshape(groups, inputs // groups, -1)
    y = uncolumns(rows.swapaxes(1, 2) @ values, window, shape)
    if bias is not None:
        y += bias.reshape(-1, *(1 for _ in axes))

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        seen = columns(dy, window, groups)
        gradients = {"weight": (values @ seen.swapaxes(1, 2)).reshape(weight.shape)}
        if bias is not None:
            gradients["bias"] = dy.sum(axis=(0, *axes))
        return (rows @ seen).reshape(inputs, batch, *places).swapaxes(0, 1), gradients

    return y, pullback


def spread_sizes(window: Window, added: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes that a window covers at all its places, without the padding, and with what is added at the end."""
    k, s, p, d, n = map(np.array, window)
    return tuple(int(size) for size in s * (n - 1) + d * (k - 1) + 1 - 2 * p + added)
