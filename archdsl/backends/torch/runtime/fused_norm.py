"""A batch norm in evaluation, with the activation that follows it."""

import torch
from torch import Tensor, nn

from archdsl.backends.torch.runtime.kernels import ACTIVATIONS
from archdsl.backends.torch.runtime.parts import Part


class FusedNorm(nn.Module):
    """A batch norm in evaluation, which is a scale and an offset for each channel, and an activation."""

    def __init__(
        self,
        num_features: int,
        activation: str = "none",
        constants: tuple[float, ...] = (),
        parts: list[Part] | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.activation, self.constants, self.parts = activation, constants, parts or []

    def forward(self, input: Tensor) -> Tensor:
        shape = (-1, *(1 for _ in input.shape[2:]))
        x = torch.addcmul(self.bias.view(shape), input, self.weight.view(shape))
        if self.activation == "relu":
            return x.relu_()
        return ACTIVATIONS[self.activation](x, *self.constants)
