"""What an emitted file says to OpenBLAS before it imports NumPy, read as text; `blas` says it for the package."""

import os
import sys
from pathlib import Path

# OpenBLAS chooses its kernels when NumPy is imported, and does not know every processor that has AVX-512;
# with ARCHDSL_BLAS=default in the environment it is left to itself.
if (
    sys.platform == "linux"
    and os.uname().machine == "x86_64"
    and "numpy" not in sys.modules
    and "OPENBLAS_CORETYPE" not in os.environ
    and os.environ.get("ARCHDSL_BLAS") != "default"
    and Path("/proc/cpuinfo").exists()
    and set(Path("/proc/cpuinfo").read_text().split()) >= {"avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl"}
):
    os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"
