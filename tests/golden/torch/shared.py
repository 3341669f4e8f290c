from typing import NamedTuple

import torch
from torch import Tensor, nn


class SiameseOutput(NamedTuple):
    """What Siamese returns."""

    class_: Tensor  # [N, 2]
    count_: Tensor  # [N, 144]
    right: Tensor  # [N, 144]


class Tower(nn.Sequential):
    """[N, 3, 8, 8] -> [N, 144]"""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 4, kernel_size=3),  # [N, 4, 6, 6]
            nn.ReLU(),
            nn.Flatten(),  # [N, 144]
        )


@torch.fx.wrap  # torch.fx keeps the call as it is
def check_inputs(left: Tensor, right: Tensor) -> None:
    """Raise an error that says what Siamese takes."""
    if not left.is_floating_point():
        raise TypeError(f"Siamese takes real numbers as left; got {left.dtype}")
    if not right.is_floating_point():
        raise TypeError(f"Siamese takes real numbers as right; got {right.dtype}")
    if list(left.shape[1:]) != [3, 8, 8] or list(right.shape[1:]) != [3, 8, 8] or right.shape[0] != left.shape[0]:
        raise ValueError(
            f"Siamese takes left [N, 3, 8, 8], right [N, 3, 8, 8]; got {list(left.shape)}, {list(right.shape)}"
        )


class Siamese(nn.Module):
    """[N, 3, 8, 8], [N, 3, 8, 8] -> [N, 2], [N, 144], [N, 144]"""

    def __init__(self) -> None:
        super().__init__()
        self.tower = Tower()
        self.head = nn.Linear(144, 5)
        self.decide = nn.Linear(10, 2)

    def forward(self, left: Tensor, right: Tensor) -> SiameseOutput:
        check_inputs(left, right)
        tower = self.tower(left)  # [N, 144]
        x = self.tower(right)  # [N, 144]
        y = torch.cat([self.head(tower), self.head(x)], dim=1)  # [N, 10]
        y = self.decide(y)  # [N, 2]
        return SiameseOutput(y, tower, x)
