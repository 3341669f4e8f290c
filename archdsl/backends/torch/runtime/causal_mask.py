"""The mask of attention that sees nothing later."""

import torch
from torch import Tensor


def causal_mask(x: Tensor) -> Tensor:
    """Which positions of [N, T, D] each position must not see, the later ones: [T, T]."""
    return x.new_ones(x.size(1), x.size(1), dtype=torch.bool).triu(1)
