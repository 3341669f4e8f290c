"""The ops of the language, one file per family; `OPS` lists them all."""

from __future__ import annotations

from archdsl.ops.activation import (
    Elu,
    Gelu,
    Hardsigmoid,
    Hardswish,
    LeakyRelu,
    LogSoftmax,
    Mish,
    Prelu,
    Relu,
    Relu6,
    Selu,
    Sigmoid,
    Silu,
    Softmax,
    Softplus,
    Tanh,
)
from archdsl.ops.adaptive import AdaptiveAvgPool, AdaptiveMaxPool, GlobalAvgPool, GlobalMaxPool
from archdsl.ops.attention import Attention
from archdsl.ops.augment import ColorJitter, Normalize, RandomCrop, RandomFlip, RandomResizedCrop
from archdsl.ops.base import Attribute, Op, Param, Params, Rejected, Window
from archdsl.ops.combine import Add, Concat, Mul, Sub
from archdsl.ops.conv import Conv
from archdsl.ops.conv_transpose import ConvTranspose
from archdsl.ops.cut import Chunk, Slice, Split
from archdsl.ops.embedding import Embedding
from archdsl.ops.form import Reshape
from archdsl.ops.learned import Parameter, Scale
from archdsl.ops.linear import Linear
from archdsl.ops.matmul import Matmul
from archdsl.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm
from archdsl.ops.pad import Pad
from archdsl.ops.pool import AvgPool, LpPool, MaxPool
from archdsl.ops.reduce import Max, Mean
from archdsl.ops.regularize import Dropout, StochasticDepth
from archdsl.ops.reshape import Flatten, Identity, Permute
from archdsl.ops.shuffle import ChannelShuffle, PixelShuffle, PixelUnshuffle
from archdsl.ops.upsample import Upsample

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
        Relu6,
        LeakyRelu,
        Prelu,
        Elu,
        Selu,
        Gelu,
        Silu,
        Mish,
        Hardswish,
        Hardsigmoid,
        Softplus,
        Sigmoid,
        Tanh,
        Softmax,
        LogSoftmax,
        Flatten,
        Identity,
        Reshape,
        Permute,
        Slice,
        Split,
        Chunk,
        Pad,
        Upsample,
        PixelShuffle,
        PixelUnshuffle,
        ChannelShuffle,
        Mean,
        Max,
        Scale,
        Parameter,
        Dropout,
        StochasticDepth,
        Add,
        Mul,
        Sub,
        Concat,
        Matmul,
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
