"""The ops of the language, one file per family; `OPS` lists them all."""

from __future__ import annotations

from archdsl.ops.activation import Relu, Sigmoid, Softmax, Tanh
from archdsl.ops.adaptive import AdaptiveAvgPool, AdaptiveMaxPool, GlobalAvgPool, GlobalMaxPool
from archdsl.ops.attention import Attention
from archdsl.ops.augment import ColorJitter, Normalize, RandomCrop, RandomFlip, RandomResizedCrop
from archdsl.ops.base import Attribute, Op, Param, Params, Rejected, Window
from archdsl.ops.combine import Add, Concat
from archdsl.ops.conv import Conv
from archdsl.ops.conv_transpose import ConvTranspose
from archdsl.ops.embedding import Embedding
from archdsl.ops.linear import Linear
from archdsl.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm
from archdsl.ops.pool import AvgPool, LpPool, MaxPool
from archdsl.ops.regularize import Dropout
from archdsl.ops.reshape import Flatten, Identity

OPS: dict[str, type[Op]] = {
    op.name: op
    for op in (
        Conv,
        ConvTranspose,
        Linear,
        MaxPool,
        AvgPool,
        LpPool,
        GlobalAvgPool,
        GlobalMaxPool,
        AdaptiveAvgPool,
        AdaptiveMaxPool,
        BatchNorm,
        LayerNorm,
        GroupNorm,
        InstanceNorm,
        LocalResponseNorm,
        Relu,
        Sigmoid,
        Tanh,
        Softmax,
        Flatten,
        Identity,
        Dropout,
        Add,
        Concat,
        Attention,
        Embedding,
        RandomFlip,
        RandomCrop,
        RandomResizedCrop,
        ColorJitter,
        Normalize,
    )
}

__all__ = ["OPS", "Attribute", "Op", "Param", "Params", "Rejected", "Window"]
