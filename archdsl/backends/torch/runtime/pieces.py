"""Large batches, some samples at a time."""

from collections.abc import Callable

import torch
from torch import Tensor

from archdsl.backends.torch.runtime.direct import is_recorded

AT_A_TIME = 8_000_000  # numbers that one piece of a batch holds at a time: 32 MB


def in_pieces(layers: Callable[[Tensor], Tensor], x: Tensor, growth: float) -> Tensor:
    """What layers make of x, some samples at a time; `growth` is how many numbers they hold for each number of x."""
    if is_recorded(x) or growth * x.numel() <= 2 * AT_A_TIME:
        return layers(x)
    size = max(1, int(AT_A_TIME / (growth * x[0].numel())))
    return torch.cat([layers(piece) for piece in x.chunk(-(-x.size(0) // size))])
