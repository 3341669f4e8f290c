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

from archdsl.backends.numpy.kernels.activation import relu, sigmoid, softmax, tanh
from archdsl.backends.numpy.kernels.adaptive import (
    adaptive_avg_pool,
    adaptive_max_pool,
    global_avg_pool,
    global_max_pool,
)
from archdsl.backends.numpy.kernels.attention import attention
from archdsl.backends.numpy.kernels.augment import random_crop, random_flip, random_resized_crop
from archdsl.backends.numpy.kernels.color import color_jitter, normalize
from archdsl.backends.numpy.kernels.combine import add, concat
from archdsl.backends.numpy.kernels.conv import conv
from archdsl.backends.numpy.kernels.conv_transpose import conv_transpose
from archdsl.backends.numpy.kernels.embedding import embedding
from archdsl.backends.numpy.kernels.linear import linear
from archdsl.backends.numpy.kernels.norm import batch_norm, group_norm, instance_norm, layer_norm, local_response_norm
from archdsl.backends.numpy.kernels.pool import avg_pool, lp_pool, max_pool
from archdsl.backends.numpy.kernels.regularize import dropout
from archdsl.backends.numpy.kernels.reshape import flatten, identity

__all__ = [
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "add",
    "attention",
    "avg_pool",
    "batch_norm",
    "color_jitter",
    "concat",
    "conv",
    "conv_transpose",
    "dropout",
    "embedding",
    "flatten",
    "global_avg_pool",
    "global_max_pool",
    "group_norm",
    "identity",
    "instance_norm",
    "layer_norm",
    "linear",
    "local_response_norm",
    "lp_pool",
    "max_pool",
    "normalize",
    "random_crop",
    "random_flip",
    "random_resized_crop",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]
