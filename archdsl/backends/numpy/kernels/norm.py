"""Norms: values shifted and scaled to mean 0 and variance 1, then scaled and shifted by learned amounts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback


def batch_norm(
    x: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    *,
    running_mean: Array,
    running_var: Array,
    num_batches_tracked: Array,
    eps: float = 1e-5,
    momentum: float | None = 0.1,
    train: bool = False,
) -> tuple[Array, Pullback]:
    """Each channel of x [N, C, *sizes] normalized over the batch in training, by the moving averages otherwise.

    In training the averages move by `momentum` towards the batch's mean and its variance with Bessel's correction;
    where that is None, they are the averages of all batches so far.
    """
    axes = (0, *range(2, x.ndim))
    if not train:
        mean, var = (average.reshape(-1, *(1 for _ in axes[1:])) for average in (running_mean, running_var))
        scale = 1 / np.sqrt(var + eps)
        return affine((x - mean) * scale, lambda dy: dy * scale, weight, bias, axis=1)
    if x.size <= x.shape[1]:
        raise ValueError(f"batch_norm in training needs several values of each channel, and gets {list(x.shape)}")
    num_batches_tracked += 1
    share = 1 / int(num_batches_tracked) if momentum is None else momentum
    centred, mean, var = centre(x, axes)
    count = x.size // x.shape[1]
    running_mean += share * (mean.reshape(-1) - running_mean)
    running_var += share * (var.reshape(-1) * (count / (count - 1)) - running_var)
    return affine(*rescale(centred, var, axes, eps), weight, bias, axis=1)


def layer_norm(
    x: Array, weight: Array | None = None, bias: Array | None = None, *, axes: int = 1, eps: float = 1e-5
) -> tuple[Array, Pullback]:
    """The last axes of x normalized together; weight and bias have their sizes."""
    first = x.ndim - axes
    return affine(*standardize(x, tuple(range(first, x.ndim)), eps), weight, bias, axis=first)


def rms_norm(x: Array, weight: Array | None = None, *, axes: int = 1, eps: float = 1e-6) -> tuple[Array, Pullback]:
    """The last axes of x divided by the root of their mean square; weight has their sizes."""
    last = tuple(range(x.ndim - axes, x.ndim))
    scale = 1 / np.sqrt((x * x).mean(last, keepdims=True) + eps)
    y = x * scale

    def back(dy: Array) -> Array:
        return np.asarray(scale * (dy - y * (dy * y).mean(last, keepdims=True)))

    return affine(y, back, weight, None, axis=last[0])


def group_norm(
    x: Array, weight: Array | None = None, bias: Array | None = None, *, groups: int, eps: float = 1e-5
) -> tuple[Array, Pullback]:
    """Each group of channels of x [N, C, *sizes] normalized by itself."""
    parts, back = standardize(
        x.reshape(len(x), groups, x.shape[1] // groups, *x.shape[2:]), (*range(2, x.ndim + 1),), eps
    )
    return affine(
        parts.reshape(x.shape), lambda dy: back(dy.reshape(parts.shape)).reshape(x.shape), weight, bias, axis=1
    )


def instance_norm(
    x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float = 1e-5
) -> tuple[Array, Pullback]:
    """Each channel of each image of x [N, C, *sizes] normalized by itself."""
    return affine(*standardize(x, tuple(range(2, x.ndim)), eps), weight, bias, axis=1)


def standardize(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Callable[[Array], Array]]:
    """x with mean 0 and variance 1 along some axes, and the way back.

    The variance is that of the values themselves, without Bessel's correction.
    """
    centred, _, var = centre(x, axes)
    return rescale(centred, var, axes, eps)


def centre(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """x with mean 0 along some axes, the mean that it had, and its variance."""
    mean = x.mean(axes, keepdims=True)
    centred = x - mean
    return centred, mean, np.square(centred).mean(axes, keepdims=True)


def rescale(centred: Array, var: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Callable[[Array], Array]]:
    """What has mean 0 with variance 1, and the way back to what it was before it was centred."""
    scale: Array = 1 / np.sqrt(var + eps)
    y = centred * scale

    def back(dy: Array) -> Array:
        dx: Array = scale * (dy - dy.mean(axes, keepdims=True) - y * (dy * y).mean(axes, keepdims=True))
        return dx

    return y, back


def affine(
    x: Array, back: Callable[[Array], Array], weight: Array | None, bias: Array | None, *, axis: int
) -> tuple[Array, Pullback]:
    """x · weight + bias, the two laid along x from an axis on; `back` leads from x to what it was made of."""
    if weight is None:
        return x, lambda dy: (back(dy), {})
    shape = (*weight.shape, *(1 for _ in range(axis + weight.ndim, x.ndim)))
    others = (*range(axis), *range(axis + weight.ndim, x.ndim))
    factor = weight.reshape(shape)
    y = x * factor
    if bias is not None:
        y += bias.reshape(shape)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        gradients = {"weight": (dy * x).sum(others)}
        if bias is not None:
            gradients["bias"] = dy.sum(others)
        return back(dy * factor), gradients

    return y, pullback


def local_response_norm(
    x: Array, *, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> tuple[Array, Pullback]:
    """x / (k + alpha / size · Σ x²)^beta, the sum over `size` channels around each value's own."""
    below, above = size // 2, (size - 1) // 2
    damping = k + alpha / size * neighbours(x * x, below, above)
    y = x / damping**beta

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        shared = neighbours(dy * y / damping, above, below)
        return dy / damping**beta - 2 * alpha * beta / size * x * shared, {}

    return y, pullback


def neighbours(x: Array, below: int, above: int) -> Array:
    """For each channel the sum of itself, so many channels below and so many above; those that don't exist are 0."""
    padded = np.pad(x, [(0, 0), (below, above), *((0, 0) for _ in x.shape[2:])])
    total = np.zeros_like(x)
    for offset in range(below + above + 1):
        total += padded[:, offset : offset + x.shape[1]]
    return total
