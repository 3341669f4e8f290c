"""All rules: importing this file fills the table."""

from archdsl.backends.torch import (
    activation,
    adaptive,
    combine,
    conv,
    conv_transpose,
    linear,
    norm,
    pool,
    regularize,
    reshape,
)

__all__ = [
    "activation",
    "adaptive",
    "combine",
    "conv",
    "conv_transpose",
    "linear",
    "norm",
    "pool",
    "regularize",
    "reshape",
]
