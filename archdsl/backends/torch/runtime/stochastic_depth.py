"""Whole samples dropped in training."""

import torch.nn.functional as F
from torch import Tensor, nn


class StochasticDepth(nn.Module):
    """In training, zero whole samples with probability p and scale the others by 1 / (1 - p)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return input
        rows = input.flatten(1).unsqueeze(0)
        return F.dropout1d(rows, self.p).view_as(input)  # drops rows as a whole
