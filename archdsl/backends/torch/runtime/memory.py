"""Memory that a process keeps from call to call, in large pages."""

from ctypes import CDLL, c_size_t, c_void_p
from mmap import PAGESIZE

import torch
from torch import Tensor

KEPT: list[Tensor] = []  # never written, so that it takes no memory


def settle_memory() -> None:
    """Let values come to lie in large pages, where the system has them, and what is freed stay for the next call.

    glibc keeps what is freed up to twice the largest block that it has mapped and freed; and all below a block in use.
    """
    size, library = 31 << 20, CDLL(None)
    torch.empty(size, dtype=torch.uint8, device="cpu")
    blocks = [torch.empty(size, dtype=torch.uint8, device="cpu") for _ in range(8)]
    for block in blocks:
        start = block.data_ptr() // PAGESIZE * PAGESIZE
        library.madvise(c_void_p(start), c_size_t(size), 14)  # MADV_HUGEPAGE
    KEPT.append(blocks[-1])
