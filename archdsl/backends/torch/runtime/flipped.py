"""Convolutions in the sense of mathematics."""

import torch.nn.functional as F
from torch import Tensor, nn


class FlippedConv1d(nn.Conv1d):
    """A convolution that turns its kernel along every axis, as mathematics has it."""

    def forward(self, input: Tensor) -> Tensor:
        weight = self.weight.flip(2)
        return F.conv1d(input, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class FlippedConv2d(nn.Conv2d):
    """A convolution that turns its kernel along every axis, as mathematics has it."""

    def forward(self, input: Tensor) -> Tensor:
        weight = self.weight.flip(2, 3)
        return F.conv2d(input, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class FlippedConv3d(nn.Conv3d):
    """A convolution that turns its kernel along every axis, as mathematics has it."""

    def forward(self, input: Tensor) -> Tensor:
        weight = self.weight.flip(2, 3, 4)
        return F.conv3d(input, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
