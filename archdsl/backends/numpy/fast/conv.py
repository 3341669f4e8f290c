"""Convolution of images: which way of doing it is the fastest, and what is folded into it."""

from __future__ import annotations

from functools import partial
from typing import Any

from archdsl.backends.numpy.fast.activate import Epilogue
from archdsl.backends.numpy.fast.commands import Work
from archdsl.backends.numpy.fast.grouped import depth_conv, group_conv
from archdsl.backends.numpy.fast.packs import folded
from archdsl.backends.numpy.fast.patches import patch_conv, plane_conv, row_conv
from archdsl.backends.numpy.fast.problem import ConvProblem
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.fast.winograd import tile_conv, tile_of
from archdsl.backends.numpy.kernels.array import Size
from archdsl.backends.numpy.kernels.window import fit

FEW = 4
"""Up to so many channels, rows of an image are longer than its pixels."""


def conv_into(net: Trace, x: Buffer, plus: Buffer | None = None, *, layer: str, **options: Any) -> Work:
    """y = epilogue(norm(conv(prologue(first(x)))) + plus) on images, for any kernel; `problem` has the options."""
    work = problem(net, x, layer, **options)
    if x.images[1] <= FEW and work.norm is None:
        return plane_conv(work)
    if work.window[:3] == ((1, 1), (1, 1), (0, 0)) and not x.given:
        return row_conv(work)
    return patch_conv(work)


def conv3x3_into(net: Trace, x: Buffer, plus: Buffer | None = None, *, layer: str, **options: Any) -> Work:
    """The same for 3×3 kernels of stride 1, by tiles where that costs less."""
    work = problem(net, x, layer, **options)
    tile = tile_of(work)
    return tile_conv(work, tile) if tile else conv_into(net, x, plus, layer=layer, **options)


def grouped_conv_into(net: Trace, x: Buffer, plus: Buffer | None = None, *, layer: str, **options: Any) -> Work:
    """The same in groups of channels that don't see each other."""
    work = problem(net, x, layer, **options)
    return depth_conv(work) if work.groups == work.shape[1] == work.outputs else group_conv(work)


def problem(
    net: Trace,
    x: Buffer,
    layer: str,
    *,
    norm: str = "",
    eps: float = 1e-5,
    first: str = "",
    first_eps: float = 1e-5,
    prologue: Epilogue | None = None,
    epilogue: Epilogue | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    flip: bool = False,
) -> ConvProblem:
    """What a convolution is asked to do; `norm` and `first` name batch norms behind it and in front of it."""
    weights = net.weights(layer)
    outputs, _, *kernel = weights["weight"].shape
    after = net.weights(norm) if norm else None
    return ConvProblem(
        x.images,
        outputs,
        fit(x.shape[2:], tuple(kernel), stride, padding, dilation),
        groups,
        net.workers,
        x.cuts,
        partial(folded, weights, after, eps, flip),
        partial(net.pack, (layer, norm, eps, flip)),
        net.affine(first, first_eps) if first else None,
        prologue,
        epilogue,
    )
