"""All rules: importing this file fills the table."""

from archdsl.backends.numpy import (
    activation,
    adaptive,
    attention,
    augment,
    combine,
    conv,
    conv_transpose,
    embedding,
    linear,
    norm,
    pool,
    regularize,
    reshape,
)

__all__ = [
    "activation",
    "adaptive",
    "attention",
    "augment",
    "combine",
    "conv",
    "conv_transpose",
    "embedding",
    "linear",
    "norm",
    "pool",
    "regularize",
    "reshape",
]
