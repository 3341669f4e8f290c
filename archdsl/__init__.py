"""A language and a compiler for neural-network architectures.

    import archdsl

    net = archdsl.load("specs/lenet.arch:LeNet")
    net.parameters         # 61706
    model = net.torch()    # a torch.nn.Module

A spec with mistakes raises `ArchError`, which carries them all.
"""

from archdsl.blas import choose_kernels
from archdsl.compiler import ArchError, Network, Report, check, diff, format, load, loads
from archdsl.version import __version__

__all__ = ["ArchError", "Network", "Report", "__version__", "check", "diff", "format", "load", "loads"]

choose_kernels()  # before NumPy is imported, which nothing above does
