"""How ONNX nodes are read as ops of ours: the table of readers, and what the readers have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from archdsl.ops import Op

Attributes = dict[str, Any]
Weights = dict[str, np.ndarray]


class Excluded(Exception):
    """What ONNX has and the language leaves out."""


def no_more() -> tuple[np.ndarray | None, ...]:
    return ()


class Read(NamedTuple):
    """An ONNX node as an op of ours.

    `further` tells the outputs after the first, once the op has run; None stands for one that no op of ours has.
    """

    op: Op
    inputs: tuple[np.ndarray, ...]
    weights: Weights = {}  # noqa: RUF012
    train: bool = False
    further: Callable[[], tuple[np.ndarray | None, ...]] = no_more


READERS: dict[str, Callable[..., Read]] = {}
MODULES: dict[str, str] = {}
"""Where ONNX keeps the tests of an operator."""


def reads(name: str, module: str = "") -> Callable[[Callable[..., Read]], Callable[..., Read]]:
    """Enter a reader of an operator, whose tests stand in a module of its name unless it is given."""

    def enter(reader: Callable[..., Read]) -> Callable[..., Read]:
        READERS[name] = reader
        MODULES[name] = module or name.lower()
        return reader

    return enter


def demand(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Excluded(otherwise)


def padding(attrs: Attributes, sizes: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[int, ...]:
    """The same padding at both ends of each axis."""
    axes = range(len(sizes))
    stride, dilation = attrs.get("strides", [1 for _ in axes]), attrs.get("dilations", [1 for _ in axes])
    pads = attrs.get("pads", [0 for _ in axes] * 2)
    if attrs.get("auto_pad", "NOTSET").startswith("SAME"):
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
        totals = [max(0, (-(-n // s) - 1) * s + span - n) for n, s, span in zip(sizes, stride, spans, strict=True)]
        demand(all(total % 2 == 0 for total in totals), "padding differs at the ends of an axis")
        pads = [total // 2 for total in totals] * 2
    demand(pads[: len(axes)] == pads[len(axes) :], "padding differs at the ends of an axis")
    return tuple(pads[: len(axes)])


def slid(attrs: Attributes, sizes: tuple[int, ...], kernel: tuple[int, ...]) -> Attributes:
    """The attributes that all ops of sliding windows have in common."""
    ones = [1] * len(sizes)
    stride = tuple(attrs.get("strides", ones))
    return {"kernel": kernel, "stride": stride, "padding": padding(attrs, sizes, kernel)}
