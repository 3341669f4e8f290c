from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Mix(nn.ModuleDict):
    """[N, 4, 8, 8], [N, 4, 8, 8] -> [N, 4, 8, 8], [N, 4, 8, 8]"""

    def __init__(self) -> None:
        super().__init__()
        self["0"] = nn.Conv2d(4, 4, kernel_size=3, padding=1)

    def forward(self, x: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
        x = x + skip
        y = self["0"](x)
        return y, x


@torch.fx.wrap  # torch.fx keeps the call as it is
def check_inputs(image: Tensor) -> None:
    """Raise an error that says what Captured takes."""
    if not image.is_floating_point():
        raise TypeError(f"Captured takes real numbers as image; got {image.dtype}")
    if list(image.shape[1:]) != [4, 8, 8]:
        raise ValueError(f"Captured takes image [N, 4, 8, 8]; got {list(image.shape)}")


class Captured(nn.ModuleDict):
    """[N, 4, 8, 8] -> [N, 128]"""

    def __init__(self) -> None:
        super().__init__()
        self.skip = nn.Conv2d(4, 4, kernel_size=1)
        self.mix = Mix()
        self.head = nn.Sequential(OrderedDict(reduce=nn.Conv2d(4, 2, kernel_size=1), squash=nn.Tanh()))
        self["3"] = nn.Sequential(
            nn.Sequential(nn.ReLU(), nn.ReLU()),
            nn.Conv2d(2, 2, kernel_size=1),
        )
        self.nothing = nn.Identity()
        self.flat = nn.Flatten()

    def forward(self, image: Tensor) -> Tensor:
        check_inputs(image)
        x = self.skip(image)
        x, y = self.mix(image, x)
        x = x + y
        x = self.head(x)  # [N, 2, 8, 8]
        x = self["3"](x)
        x = self.nothing(x)
        x = self.flat(x)  # [N, 128]
        x = F.dropout(x, 0.25, self.training)
        return F.softmax(x, dim=1)
