"""All rules: importing this file fills the table."""

from archdsl.backends.torch import activation, combine, conv, linear, pool, regularize, reshape

__all__ = ["activation", "combine", "conv", "linear", "pool", "regularize", "reshape"]
