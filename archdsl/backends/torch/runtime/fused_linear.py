"""A linear layer with the activation that follows it."""

import torch
from torch import Tensor, nn

from archdsl.backends.torch.runtime.direct import has_kernel
from archdsl.backends.torch.runtime.kernels import ACTIVATIONS
from archdsl.backends.torch.runtime.packed import Packed
from archdsl.backends.torch.runtime.parts import Part


class FusedLinear(nn.Linear):
    """A linear layer and an activation."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        activation: str = "none",
        constants: tuple[float, ...] = (),
        parts: list[Part] | None = None,
    ) -> None:
        super().__init__(in_features, out_features, bias)
        self.activation, self.constants, self.parts = activation, constants, parts or []
        self.packed: Packed | None = None

    def forward(self, input: Tensor) -> Tensor:
        if not has_kernel(input, self.weight):
            return ACTIVATIONS[self.activation](super().forward(input), *self.constants)
        kernel = torch.ops.mkldnn._linear_pointwise
        result: Tensor = kernel(input, self.in_order(input), self.bias, self.activation, self.constants, "")
        return result

    def in_order(self, input: Tensor) -> Tensor:
        """The weight as the kernel reads it; for one row that is no faster packed."""
        rows = input.numel() // self.in_features
        if rows == 1:
            return self.weight.detach()
        if self.packed is None or not self.packed.is_of(self.weight):
            self.packed = Packed(self.weight)
        return self.packed.order_for((), lambda weight: torch.ops.mkldnn._reorder_linear_weight(weight, rows))

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "packed": None}  # what is copied or saved packs for itself
