"""Convolutions with what follows them: a sum and an activation.

Where oneDNN's kernels are not (on other devices and numbers, under autograd, autocast, export or tracing), plain torch
runs. So it is for one and for three spatial axes.
"""

import torch
from torch import Tensor, nn

from archdsl.backends.torch.runtime.direct import has_kernel
from archdsl.backends.torch.runtime.kernels import ACTIVATIONS
from archdsl.backends.torch.runtime.packed import Packed
from archdsl.backends.torch.runtime.parts import Part


class FusedConv1d(nn.Conv1d):
    """A convolution, a second input that is added to its output and may be overwritten, and an activation."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] = 1,
        padding: int | tuple[int] = 0,
        dilation: int | tuple[int] = 1,
        groups: int = 1,
        bias: bool = True,
        activation: str = "none",
        constants: tuple[float, ...] = (),
        inplace: bool = False,
        parts: list[Part] | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        self.activation, self.constants, self.inplace, self.parts = activation, constants, inplace, parts or []

    def forward(self, input: Tensor, other: Tensor | None = None) -> Tensor:
        x = super().forward(input)
        return ACTIVATIONS[self.activation](x if other is None else x + other, *self.constants)


class FusedConv2d(nn.Conv2d):
    """A convolution, a second input that is added to its output and may be overwritten, and an activation."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        activation: str = "none",
        constants: tuple[float, ...] = (),
        inplace: bool = False,
        parts: list[Part] | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        self.activation, self.constants, self.inplace, self.parts = activation, constants, inplace, parts or []
        self.packed: Packed | None = None

    def forward(self, input: Tensor, other: Tensor | None = None) -> Tensor:
        if has_kernel(input, self.weight):
            return self.fused(input, other)
        x = super().forward(input)
        return ACTIVATIONS[self.activation](x if other is None else x + other, *self.constants)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "packed": None}  # what is copied or saved packs for itself

    def fused(self, input: Tensor, other: Tensor | None) -> Tensor:
        """The same in one kernel, channels last."""
        shape = self.padding, self.stride, self.dilation, self.groups

        def pack(weight: Tensor) -> Tensor:
            order = torch.ops.aten.mkldnn_reorder_conv2d_weight
            packed: Tensor = order(weight.to_mkldnn(), *shape, list(input.shape))
            return packed

        if self.packed is None or not self.packed.is_of(self.weight):
            self.packed = Packed(self.weight)
        sizes = min(input.size(0), torch.get_num_threads()), input.size(2), input.size(3)
        weights = self.packed.order_for(sizes, pack), self.bias, *shape
        kernel = torch.ops.mkldnn._convolution_pointwise
        result: Tensor
        if other is None:
            result = kernel.default(input, *weights, self.activation, self.constants, "")
            return result
        after = "add", 1.0, None if self.activation == "none" else self.activation, self.constants, ""
        if self.inplace and other.is_contiguous(memory_format=torch.channels_last):
            result = torch.ops.mkldnn._convolution_pointwise_.binary(other, input, *weights, *after)
        else:
            result = kernel.binary(input, other, *weights, *after)
        return result


class FusedConv3d(nn.Conv3d):
    """A convolution, a second input that is added to its output and may be overwritten, and an activation."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int, int],
        stride: int | tuple[int, int, int] = 1,
        padding: int | tuple[int, int, int] = 0,
        dilation: int | tuple[int, int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        activation: str = "none",
        constants: tuple[float, ...] = (),
        inplace: bool = False,
        parts: list[Part] | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        self.activation, self.constants, self.inplace, self.parts = activation, constants, inplace, parts or []

    def forward(self, input: Tensor, other: Tensor | None = None) -> Tensor:
        x = super().forward(input)
        return ACTIVATIONS[self.activation](x if other is None else x + other, *self.constants)
