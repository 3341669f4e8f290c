"""Attention: each position of a sequence gathers what it needs from all others."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.kernels.activation import softmax
from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback
from archdsl.backends.numpy.kernels.linear import linear
from archdsl.backends.numpy.kernels.regularize import dropout


def attention(
    x: Array,
    in_proj_weight: Array,
    out_proj_weight: Array,
    in_proj_bias: Array | None = None,
    out_proj_bias: Array | None = None,
    *,
    heads: int = 1,
    causal: bool = False,
    p: float = 0.0,
    train: bool = False,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Pullback]:
    """softmax(q · kᵀ / √(D / heads)) · v in each head: x [N, T, D], in_proj_weight [3 D, D] -> y [N, T, D].

    `p` is the probability that a weight of the mean is zeroed in training; the others are scaled by 1 / (1 - p).
    """
    count, positions, features = x.shape
    scale = (features // heads) ** -0.5
    projected, into = linear(x, in_proj_weight, in_proj_bias)
    parts = projected.reshape(count, positions, 3, heads, features // heads)
    queries, keys, values = parts.transpose(2, 0, 3, 1, 4)
    scores = queries @ keys.swapaxes(-1, -2) * scale
    if causal:
        scores = np.where(np.tri(positions, dtype=bool), scores, np.array(-np.inf, x.dtype))
    weights, weigh = softmax(scores, axis=-1)
    kept, keep = dropout(weights, p=p, train=train, rng=rng)
    gathered = (kept @ values).swapaxes(1, 2).reshape(x.shape)
    y, out = linear(gathered, out_proj_weight, out_proj_bias)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        dgathered, outer = out(dy)
        dheads = dgathered.reshape(count, positions, heads, features // heads).swapaxes(1, 2)
        dweights = keep(dheads @ values.swapaxes(-1, -2))[0]
        dscores = weigh(dweights)[0] * scale
        dparts = np.stack([dscores @ keys, dscores.swapaxes(-1, -2) @ queries, kept.swapaxes(-1, -2) @ dheads])
        dx, inner = into(dparts.transpose(1, 3, 0, 2, 4).reshape(projected.shape))
        gradients = {"in_proj_weight": inner["weight"], "out_proj_weight": outer["weight"]}
        if in_proj_bias is not None:
            gradients["in_proj_bias"] = inner["bias"]
        if out_proj_bias is not None:
            gradients["out_proj_bias"] = outer["bias"]
        return dx, gradients

    return y, pullback
