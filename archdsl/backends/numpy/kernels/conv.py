"""Convolution as one matrix product: windows become columns, the kernel becomes rows."""

from __future__ import annotations

from math import prod

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback, Size
from archdsl.backends.numpy.kernels.window import Window, crop, fit, pad, taps


def conv(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    flip: bool = False,
) -> tuple[Array, Pullback]:
    """Slide a kernel over each image, each group of output channels over its group of input channels.

    y[o, p] = bias[o] + Σ weight[o, c, k] · x[c, stride · p + dilation · k - padding]

    x [N, C, *sizes], weight [O, C / groups, *kernel], bias [O] -> y [N, O, *places]. `flip` turns the kernel along
    every axis.
    """
    axes = tuple(range(2, x.ndim))
    outputs = len(weight)
    window = fit(x.shape[2:], weight.shape[2:], stride, padding, dilation)
    rows = (np.flip(weight, axes) if flip else weight).reshape(groups, outputs // groups, -1)
    y = (rows @ columns(x, window, groups)).reshape(outputs, len(x), *window.places).swapaxes(0, 1)
    if bias is not None:
        y += bias.reshape(-1, *(1 for _ in axes))

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        drows = dy.swapaxes(0, 1).reshape(groups, outputs // groups, -1)
        dweight = (drows @ columns(x, window, groups).swapaxes(1, 2)).reshape(weight.shape)
        gradients = {"weight": np.flip(dweight, axes) if flip else dweight}
        if bias is not None:
            gradients["bias"] = dy.sum(axis=(0, *axes))
        return uncolumns(rows.swapaxes(1, 2) @ drows, window, x.shape), gradients

    return y, pullback


def columns(x: Array, window: Window, groups: int) -> Array:
    """Every window of x as a column, [groups, C / groups · kernel, N · places]: 'im2col'."""
    batch, channels = x.shape[:2]
    gathered = np.empty((channels, prod(window.kernel), batch, *window.places), x.dtype)
    for k, tap in enumerate(taps(pad(x, window), window)):
        gathered[:, k] = tap.swapaxes(0, 1)
    return gathered.reshape(groups, channels // groups * prod(window.kernel), batch * prod(window.places))


def uncolumns(dcolumns: Array, window: Window, shape: tuple[int, ...]) -> Array:
    """The gradient of x from that of its columns: every position adds up the windows that saw it."""
    batch, channels, *sizes = shape
    dcolumns = dcolumns.reshape(channels, prod(window.kernel), batch, *window.places)
    if prod(window.kernel) == prod(window.stride) == 1 and not any(window.padding) and window.places == tuple(sizes):
        return dcolumns[:, 0].swapaxes(0, 1)  # a window for each position
    dpadded = pad(np.zeros((channels, batch, *sizes), dcolumns.dtype), window)
    for k, dtap in enumerate(taps(dpadded, window)):
        dtap += dcolumns[:, k]
    return crop(dpadded, window, tuple(sizes)).swapaxes(0, 1)
