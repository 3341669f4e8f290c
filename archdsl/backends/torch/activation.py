"""Activations in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import X, call
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ir.shape import Shape
from archdsl.ops.activation import Relu, Sigmoid, Softmax, Tanh


@lowers(Relu)
def relu(op: Relu, x: Shape) -> Lowering:
    """relu      # nn.ReLU(), or F.relu(x)"""
    return layer(call("nn.ReLU"), run=call("F.relu", {"input": X}))


@lowers(Sigmoid)
def sigmoid(op: Sigmoid, x: Shape) -> Lowering:
    """sigmoid      # nn.Sigmoid(), or torch.sigmoid(x)"""
    return layer(call("nn.Sigmoid"), run=call("torch.sigmoid", {"input": X}))


@lowers(Tanh)
def tanh(op: Tanh, x: Shape) -> Lowering:
    """tanh      # nn.Tanh(), or torch.tanh(x)"""
    return layer(call("nn.Tanh"), run=call("torch.tanh", {"input": X}))


@lowers(Softmax)
def softmax(op: Softmax, x: Shape) -> Lowering:
    """softmax      # nn.Softmax(dim=1), or F.softmax(x, dim=1)"""
    return layer(call("nn.Softmax", dim=op.axis), run=call("F.softmax", {"input": X}, dim=op.axis))
