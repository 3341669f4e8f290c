"""The kernels: what each op computes, and how gradients come back through it.

    y, pullback = conv(x, weight, bias, stride=2, padding=1)
    dx, gradients = pullback(dy)      # gradients: {"weight": …, "bias": …}

A kernel is a plain function of arrays. It takes its inputs, then its weights under the names of the state dict (a dot
becomes an underscore), then options by keyword, and returns its value with its pullback, so that the two can't drift
apart. A pullback takes the gradient of the value (a tuple where the kernel returns a tuple) and returns the gradient of
the input (a tuple where the kernel takes several, None for an input of whole numbers) and those of the weights by name.
What acts in training takes `train`, what draws numbers `rng`; buffers are weights that have no gradient and that a
kernel updates in place when `train` is set. Values keep their precision, float32 or float64.

Kernels are copied word for word into emitted programs, so this package imports NumPy and itself, and no two of its
files define the same name.
"""

from archdsl.backends.numpy.kernels.activation import (
    elu,
    hardsigmoid,
    hardswish,
    leaky_relu,
    log_softmax,
    mish,
    prelu,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from archdsl.backends.numpy.kernels.adaptive import (
    adaptive_avg_pool,
    adaptive_max_pool,
    global_avg_pool,
    global_max_pool,
)
from archdsl.backends.numpy.kernels.attention import attention
from archdsl.backends.numpy.kernels.augment import random_crop, random_flip, random_resized_crop
from archdsl.backends.numpy.kernels.color import color_jitter, normalize
from archdsl.backends.numpy.kernels.combine import add, concat, mul, sub
from archdsl.backends.numpy.kernels.conv import conv
from archdsl.backends.numpy.kernels.conv_transpose import conv_transpose
from archdsl.backends.numpy.kernels.cut import chunk, slice_, split
from archdsl.backends.numpy.kernels.embedding import embedding
from archdsl.backends.numpy.kernels.gelu import gelu
from archdsl.backends.numpy.kernels.learned import parameter, scale
from archdsl.backends.numpy.kernels.linear import linear
from archdsl.backends.numpy.kernels.matmul import matmul
from archdsl.backends.numpy.kernels.norm import batch_norm, group_norm, instance_norm, layer_norm, local_response_norm
from archdsl.backends.numpy.kernels.padding import pad_
from archdsl.backends.numpy.kernels.pool import avg_pool, lp_pool, max_pool
from archdsl.backends.numpy.kernels.reduce import max_, mean
from archdsl.backends.numpy.kernels.regularize import dropout, stochastic_depth
from archdsl.backends.numpy.kernels.reshape import flatten, identity, permute, reshape
from archdsl.backends.numpy.kernels.shuffle import channel_shuffle, pixel_shuffle, pixel_unshuffle
from archdsl.backends.numpy.kernels.upsample import upsample

__all__ = [
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "add",
    "attention",
    "avg_pool",
    "batch_norm",
    "channel_shuffle",
    "chunk",
    "color_jitter",
    "concat",
    "conv",
    "conv_transpose",
    "dropout",
    "elu",
    "embedding",
    "flatten",
    "gelu",
    "global_avg_pool",
    "global_max_pool",
    "group_norm",
    "hardsigmoid",
    "hardswish",
    "identity",
    "instance_norm",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "log_softmax",
    "lp_pool",
    "matmul",
    "max_",
    "max_pool",
    "mean",
    "mish",
    "mul",
    "normalize",
    "pad_",
    "parameter",
    "permute",
    "pixel_shuffle",
    "pixel_unshuffle",
    "prelu",
    "random_crop",
    "random_flip",
    "random_resized_crop",
    "relu",
    "relu6",
    "reshape",
    "scale",
    "selu",
    "sigmoid",
    "silu",
    "slice_",
    "softmax",
    "softplus",
    "split",
    "stochastic_depth",
    "sub",
    "tanh",
    "upsample",
]
