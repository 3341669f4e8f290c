"""Ops that need what the ops of the language don't yet: buffers, weights of dotted names, several results."""

from __future__ import annotations

from typing import Any

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Pullback
from archdsl.backends.numpy.rules import call
from archdsl.graph.nodes import Graph, Value
from archdsl.ops import Op, Param, Params
from archdsl.ops.combine import Add
from archdsl.ops.init import ONES, ZEROS
from archdsl.sizes.shape import Shape
from support.numpy_graphs import Body, N


class Center(Op):
    """Subtract a running mean, as batch norm does."""

    name = "center"

    def infer(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Params:
        mean = Param((x.channels,), ZEROS, trainable=False)
        count = Param((), ZEROS, trainable=False, kind="int")
        return {"scale.weight": Param((x.channels,), ONES), "running_mean": mean, "batches": count}


def center(
    x: Array, scale_weight: Array, running_mean: Array, batches: Array, *, train: bool = False
) -> tuple[Array, Pullback]:
    """The running mean takes a tenth of each batch's."""
    if train:
        running_mean += 0.1 * (x.mean(0) - running_mean)
        batches += 1
    return scale_weight * (x - running_mean), lambda dy: (
        dy * scale_weight,
        {"scale_weight": (dy * (x - running_mean)).sum(0)},
    )


class Halves(Op):
    """Split the features into two halves."""

    name = "halves"

    def infer(self, x: Shape) -> Any:
        return (x.with_channels(x.channels // 2),) * 2


def halves(x: Array) -> tuple[tuple[Array, ...], Pullback]:
    """Both halves of the last axis."""
    return tuple(np.split(x, 2, -1)), lambda dy: (np.concatenate(dy, -1), {})


def centered() -> Graph:
    body = Body(x=Shape((N, 4)))
    x = body.apply(Center(), body.inputs[0], key="norm")
    return body.close("network", "Centered", x)


def halved() -> Graph:
    """The second half reaches the output, the first half only where `both`."""
    body = Body(x=Shape((N, 4)))
    split = body.apply(Halves(), body.inputs[0]).node
    again = body.apply(Halves(), body.inputs[0]).node
    return body.close("network", "Halved", body.apply(Add(), Value(split, 0), Value(split, 1), Value(again, 1)))


RULES_TO_COME = {Center: lambda op: call(center), Halves: lambda op: call(halves)}
