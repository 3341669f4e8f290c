"""Which kernels OpenBLAS multiplies matrices with: it is decided when NumPy is imported, so it has to be said before.

OpenBLAS looks its kernels up by the processor's family and model, and takes those for AVX2 where it does not know them,
though the processor has AVX-512. Where that is so, products of float32 matrices take about twice as long as they need.
"""

from __future__ import annotations

import os
import sys

WIDE = {"avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl"}
"""What OpenBLAS' kernels for Skylake-X need of a processor."""


def choose_kernels() -> None:
    """Have OpenBLAS take its AVX-512 kernels, where the processor has all that they need.

    Nothing is changed if NumPy is imported already, if `OPENBLAS_CORETYPE` is set, or if `ARCHDSL_BLAS=default` is:
    elsewhere than on Linux on x86-64, OpenBLAS is left to itself as well.
    """
    if "numpy" in sys.modules or "OPENBLAS_CORETYPE" in os.environ or os.environ.get("ARCHDSL_BLAS") == "default":
        return
    if sys.platform == "linux" and os.uname().machine == "x86_64" and set(flags("/proc/cpuinfo")) >= WIDE:
        os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"


def flags(path: str) -> list[str]:
    """What the first processor of a machine can do, as Linux tells it; nothing if it does not."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            first = file.read(1 << 13)
    except OSError:
        return []
    found = [line for line in first.splitlines()[:-1] if line.startswith("flags")]
    return found[0].partition(":")[2].split() if found else []
