"""Whether a kernel that autograd does not know can be called."""

import torch
from torch import Tensor

from archdsl.backends.torch.runtime.kernels import KERNELS


def is_recorded(x: Tensor) -> bool:
    """Whether operations on a tensor are recorded, for a gradient or to be compiled."""
    recorded = (x.requires_grad and torch.is_grad_enabled()) or torch.compiler.is_compiling() or torch._C._is_tracing()
    return bool(recorded)


def has_kernel(x: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN's kernels, which take in what follows a layer, can be called directly."""
    return (
        not is_recorded(x)
        and not is_recorded(weight)
        and x.is_cpu
        and x.dtype == weight.dtype == torch.float32
        and KERNELS
        and torch._C._get_mkldnn_enabled()
        and not torch.is_autocast_enabled("cpu")
    )
