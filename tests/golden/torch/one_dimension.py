import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FlippedConv1d(nn.Conv1d):
    """A convolution that turns its kernel along every axis, as mathematics has it."""

    def forward(self, input: Tensor) -> Tensor:
        weight = self.weight.flip(2)
        return F.conv1d(input, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


@torch.fx.wrap  # torch.fx keeps the call as it is
def check_inputs(signal: Tensor) -> None:
    """Raise an error that says what Signal takes."""
    if not signal.is_floating_point():
        raise TypeError(f"Signal takes real numbers as signal; got {signal.dtype}")
    if list(signal.shape[1:]) != [2, 40]:
        raise ValueError(f"Signal takes signal [N, 2, 40]; got {list(signal.shape)}")


class Signal(nn.Module):
    """[N, 2, 40] -> [N, 4, 11]"""

    def __init__(self) -> None:
        super().__init__()
        self.turned = FlippedConv1d(2, 4, kernel_size=3, padding=1, dilation=2)

    def forward(self, signal: Tensor) -> Tensor:
        check_inputs(signal)
        x = self.turned(signal)  # [N, 4, 38]
        x = F.max_pool1d(x, 3, stride=2, padding=1, ceil_mode=True)  # [N, 4, 20]
        return F.avg_pool1d(x, 2, padding=1, count_include_pad=False)
