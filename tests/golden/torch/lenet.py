import torch
from torch import Tensor, nn


@torch.fx.wrap  # torch.fx keeps the call as it is
def check_inputs(image: Tensor) -> None:
    """Raise an error that says what LeNet takes."""
    if not image.is_floating_point():
        raise TypeError(f"LeNet takes real numbers as image; got {image.dtype}")
    if list(image.shape[1:]) != [1, 28, 28]:
        raise ValueError(f"LeNet takes image [N, 1, 28, 28]; got {list(image.shape)}")


class LeNet(nn.Sequential):
    """LeNet-5 (LeCun et al., 1998).

    The one with sigmoids.
    """

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 6, kernel_size=5, padding=2),  # [N, 6, 28, 28]
            nn.Sigmoid(),
            nn.AvgPool2d(2),  # [N, 6, 14, 14]
            nn.Conv2d(6, 16, kernel_size=5),  # [N, 16, 10, 10]
            nn.Sigmoid(),
            nn.AvgPool2d(2),  # [N, 16, 5, 5]
            nn.Flatten(),  # [N, 400]
            nn.Linear(400, 120),  # [N, 120]
            nn.Sigmoid(),
            nn.Linear(120, 84),  # [N, 84]
            nn.Sigmoid(),
            nn.Linear(84, 10),  # [N, 10]
        )

    def forward(self, image: Tensor) -> Tensor:
        check_inputs(image)
        for layer in self:
            image = layer(image)
        return image
