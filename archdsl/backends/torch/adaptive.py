"""Pooling to a given size in torch."""

from __future__ import annotations

from typing import Any

from archdsl.backends.torch.calls import X, call, size
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.adaptive import AdaptiveAvgPool, AdaptiveMaxPool, GlobalAvgPool, GlobalMaxPool
from archdsl.sizes.shape import Shape


@lowers(GlobalAvgPool)
def global_avg_pool(op: GlobalAvgPool, x: Shape) -> Lowering:
    """global_avg_pool      # nn.AdaptiveAvgPool2d(1), or F.adaptive_avg_pool2d(x, 1)"""
    return _adaptive("Avg", x, 1)


@lowers(GlobalMaxPool)
def global_max_pool(op: GlobalMaxPool, x: Shape) -> Lowering:
    """global_max_pool      # nn.AdaptiveMaxPool2d(1), or F.adaptive_max_pool2d(x, 1)"""
    return _adaptive("Max", x, 1)


@lowers(AdaptiveAvgPool)
def adaptive_avg_pool(op: AdaptiveAvgPool, x: Shape) -> Lowering:
    """adaptive_avg_pool(7)      # nn.AdaptiveAvgPool2d(7), or F.adaptive_avg_pool2d(x, 7)"""
    return _adaptive("Avg", x, size(op.size))


@lowers(AdaptiveMaxPool)
def adaptive_max_pool(op: AdaptiveMaxPool, x: Shape) -> Lowering:
    """adaptive_max_pool(7)      # nn.AdaptiveMaxPool2d(7), or F.adaptive_max_pool2d(x, 7)"""
    return _adaptive("Max", x, size(op.size))


def _adaptive(kind: str, x: Shape, size: Any) -> Lowering:
    rank = len(x.spatial)
    run = call(f"F.adaptive_{kind.lower()}_pool{rank}d", {"input": X, "output_size": size})
    return layer(call(f"nn.Adaptive{kind}Pool{rank}d", {"output_size": size}), run=run)
