"""All rules: importing this file fills the table."""

from archdsl.backends.numpy import (
    activation,
    attention,
    augment,
    cut,
    pad,
    reduce,
    reshape,
)

__all__ = [
    "activation",
    "attention",
    "augment",
    "cut",
    "pad",
    "reduce",
    "reshape",
]
