import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Basic(nn.Module):
    """[N, in_channels, …] -> [N, channels, …]"""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.downsample: nn.Module = nn.Identity()
        if in_channels != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, channels, kernel_size=1, stride=stride, bias=False),
                nn.Identity(),
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.conv1(x))
        return F.relu(self.conv2(y) + self.downsample(x))


@torch.fx.wrap  # torch.fx keeps the call as it is
def check_inputs(image: Tensor) -> None:
    """Raise an error that says what ResNet takes."""
    if not image.is_floating_point():
        raise TypeError(f"ResNet takes real numbers as image; got {image.dtype}")
    if list(image.shape[1:]) != [3, 64, 64]:
        raise ValueError(f"ResNet takes image [N, 3, 64, 64]; got {list(image.shape)}")


class ResNet(nn.Module):
    """[N, 3, 64, 64] -> [N, 10]"""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.layer1 = nn.Sequential(Basic(64, 64, stride=1), Basic(64, 64, stride=1))
        self.layer2 = nn.Sequential(Basic(64, 128, stride=2), Basic(128, 128, stride=1))
        self.layer3 = nn.Sequential(
            Basic(128, 256, stride=2),  # [N, 256, 4, 4]
            *[Basic(256, 256, stride=1) for _ in range(3)],
        )
        self.fc = nn.Linear(256, 10)

    def forward(self, image: Tensor) -> Tensor:
        check_inputs(image)
        x = F.relu(self.conv1(image))  # [N, 64, 32, 32]
        x = F.max_pool2d(x, 3, stride=2, padding=1)  # [N, 64, 16, 16]
        x = self.layer1(x)
        x = self.layer2(x)  # [N, 128, 8, 8]
        x = self.layer3(x)  # [N, 256, 4, 4]
        x = F.avg_pool2d(x, 4)  # [N, 256, 1, 1]
        x = torch.flatten(x, 1)  # [N, 256]
        out: Tensor = self.fc(x)  # [N, 10]
        return out
