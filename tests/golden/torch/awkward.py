from typing import Any

import torch
from torch import Tensor, nn


class Layers(nn.Module):
    """Layers whose names attributes could not bear: `self["train"]`."""

    def __setitem__(self, name: str, layer: nn.Module) -> None:
        self._modules[name] = layer

    def __getitem__(self, name: str) -> nn.Module:
        layer = self._modules[name]
        assert layer is not None
        return layer

    def __setattr__(self, name: str, value: Any) -> None:
        own = name in self.__dict__ or hasattr(nn.Module, name)
        if own and not isinstance(value, nn.Module | nn.Parameter):
            object.__setattr__(self, name, value)  # a flag of torch's own, beside a layer of that name: "training"
        else:
            super().__setattr__(name, value)


@torch.fx.wrap  # torch.fx keeps the call as it is
def check_inputs(lambda_: Tensor) -> None:
    """Raise an error that says what TensorNet takes."""
    if not lambda_.is_floating_point():
        raise TypeError(f"TensorNet takes real numbers as lambda; got {lambda_.dtype}")
    if list(lambda_.shape[1:]) != [3, 8, 8]:
        raise ValueError(f"TensorNet takes lambda [N, 3, 8, 8]; got {list(lambda_.shape)}")


class TensorNet(Layers):
    """[N, 3, 8, 8] -> [N, 3, 8, 8]"""

    def __init__(self) -> None:
        super().__init__()
        self["class"] = nn.Conv2d(3, 3, kernel_size=3, padding=1)
        self.conv = nn.Conv2d(3, 3, kernel_size=3, padding=1)
        self["forward"] = nn.Conv2d(3, 3, kernel_size=3, padding=1)
        self["train"] = nn.Conv2d(3, 3, kernel_size=3, padding=1)
        self.keys = nn.Conv2d(3, 3, kernel_size=3, padding=1)
        self.weight = nn.Conv2d(3, 3, kernel_size=3, padding=1)
        self["type"] = nn.Conv2d(3, 3, kernel_size=3, padding=1)
        self.list = nn.Conv2d(3, 3, kernel_size=3, padding=1)
        self.self = nn.Conv2d(3, 3, kernel_size=3, padding=1)

    def forward(self, lambda_: Tensor) -> Tensor:
        check_inputs(lambda_)
        x = self["forward"](self.conv(self["class"](lambda_)))
        x = self.weight(self.keys(self["train"](x)))
        x = self.list(self["type"](x))
        torch_ = x + lambda_
        out: Tensor = self.self(torch_) + torch_ + torch_
        return out
