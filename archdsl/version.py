"""The version of the compiler, which the files that it writes name in their heads."""

__version__ = "0.1.0"
