"""All rules: importing this file fills the table."""

from archdsl.backends.numpy import activation, combine, conv, linear, pool, regularize, reshape

__all__ = ["activation", "combine", "conv", "linear", "pool", "regularize", "reshape"]
