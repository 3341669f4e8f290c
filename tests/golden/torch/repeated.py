import torch
from torch import Tensor, nn


class DropBlock(nn.Sequential):
    """[N, 4, 8, 8] -> [N, 4, 8, 8]"""

    def __init__(self, bias: bool, p: float, depth: int) -> None:
        super().__init__(
            *[layer for _ in range(depth) for layer in (nn.Conv2d(4, 4, kernel_size=1, bias=bias), nn.Dropout(p))],
        )


class Wide(nn.ModuleDict):
    """[N, 4, 8, 8] -> [N, 4, 8, 8]"""

    def __init__(self, width: int, kernel_size: int) -> None:
        super().__init__()
        self["0"] = nn.Conv2d(4, 4 * width, kernel_size=1)
        self["1"] = nn.MaxPool2d(kernel_size, stride=1, padding=width // 2)
        self["2"] = nn.Conv2d(4 * width, 4, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self["2"](self["1"](self["0"](x)))
        return x + y


@torch.fx.wrap  # torch.fx keeps the call as it is
def check_inputs(image: Tensor) -> None:
    """Raise an error that says what Repeated takes."""
    if not image.is_floating_point():
        raise TypeError(f"Repeated takes real numbers as image; got {image.dtype}")
    if list(image.shape[1:]) != [4, 8, 8]:
        raise ValueError(f"Repeated takes image [N, 4, 8, 8]; got {list(image.shape)}")


class Repeated(nn.Sequential):
    """[N, 4, 8, 8] -> [N, 4, 4, 4]"""

    def __init__(self) -> None:
        super().__init__(
            *[layer for _ in range(4) for layer in (nn.Conv2d(4, 4, kernel_size=3, padding=1), nn.ReLU())],
            *[nn.Conv2d(4, 4, kernel_size=1) for _ in range(3)],
            DropBlock(bias=True, p=0.5, depth=1),
            DropBlock(bias=False, p=0.25, depth=1),
            DropBlock(bias=True, p=0.5, depth=2),
            Wide(1, kernel_size=1),
            Wide(2, kernel_size=3),
            nn.MaxPool2d(2),  # [N, 4, 4, 4]
        )

    def forward(self, image: Tensor) -> Tensor:
        check_inputs(image)
        for layer in self:
            image = layer(image)
        return image
