import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Inception(nn.ModuleDict):
    """[N, in_channels, 16, 16] -> [N, …, 16, 16]"""

    def __init__(self, in_channels: int, c1: int, c2: tuple[int, int], c3: tuple[int, int], c4: int) -> None:
        super().__init__()
        self["0"] = nn.Conv2d(in_channels, c1, kernel_size=1)
        self["2"] = nn.Conv2d(in_channels, c2[0], kernel_size=1)
        self["4"] = nn.Conv2d(c2[0], c2[1], kernel_size=3, padding=1)
        self["6"] = nn.Conv2d(in_channels, c3[0], kernel_size=1)
        self["8"] = nn.Conv2d(c3[0], c3[1], kernel_size=5, padding=2)
        self["11"] = nn.Conv2d(in_channels, c4, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self["0"](x))
        z = F.relu(self["2"](x))
        z = F.relu(self["4"](z))
        u = F.relu(self["6"](x))
        u = F.relu(self["8"](u))
        x = F.max_pool2d(x, 3, stride=1, padding=1)
        x = F.relu(self["11"](x))
        return torch.cat([y, z, u, x], dim=1)


@torch.fx.wrap  # torch.fx keeps the call as it is
def check_inputs(image: Tensor) -> None:
    """Raise an error that says what GoogLeNet takes."""
    if not image.is_floating_point():
        raise TypeError(f"GoogLeNet takes real numbers as image; got {image.dtype}")
    if list(image.shape[1:]) != [3, 32, 32]:
        raise ValueError(f"GoogLeNet takes image [N, 3, 32, 32]; got {list(image.shape)}")


class GoogLeNet(nn.Sequential):
    """[N, 3, 32, 32] -> [N, 10]"""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 16, kernel_size=7, stride=2, padding=3),  # [N, 16, 16, 16]
            nn.ReLU(),
            Inception(16, 8, c2=(6, 8), c3=(2, 4), c4=4),  # [N, 24, 16, 16]
            Inception(24, 16, c2=(8, 12), c3=(4, 12), c4=8),  # [N, 48, 16, 16]
            nn.MaxPool2d(2),  # [N, 48, 8, 8]
            nn.Flatten(),  # [N, 3072]
            nn.Linear(3072, 10),  # [N, 10]
        )

    def forward(self, image: Tensor) -> Tensor:
        check_inputs(image)
        for layer in self:
            image = layer(image)
        return image
