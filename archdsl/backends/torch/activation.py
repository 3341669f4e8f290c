"""Activations in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import X, call, opt
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.activation import (
    Elu,
    Gelu,
    Hardsigmoid,
    Hardswish,
    LeakyRelu,
    LogSoftmax,
    Mish,
    Prelu,
    Relu,
    Relu6,
    Selu,
    Sigmoid,
    Silu,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from archdsl.sizes.shape import Shape


@lowers(Relu)
def relu(op: Relu, x: Shape) -> Lowering:
    """relu      # nn.ReLU(), or F.relu(x)"""
    return layer(call("nn.ReLU"), run=call("F.relu", {"input": X}), in_place="training")


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


@lowers(Relu6)
def relu6(op: Relu6, x: Shape) -> Lowering:
    """relu6      # nn.ReLU6(), or F.relu6(x)"""
    return layer(call("nn.ReLU6"), run=call("F.relu6", {"input": X}), in_place="training")


@lowers(LeakyRelu)
def leaky_relu(op: LeakyRelu, x: Shape) -> Lowering:
    """leaky_relu(0.2)      # nn.LeakyReLU(0.2), or F.leaky_relu(x, negative_slope=0.2)"""
    slope = opt(op.slope, 0.01)
    return layer(
        call("nn.LeakyReLU", negative_slope=slope),
        run=call("F.leaky_relu", {"input": X}, negative_slope=slope),
        in_place="inference",
    )


@lowers(Prelu)
def prelu(op: Prelu, x: Shape) -> Lowering:
    """prelu(per_channel=true)      # nn.PReLU(num_parameters=64)"""
    (count,) = op.params(x)["weight"].shape
    return layer(call("nn.PReLU", num_parameters=opt(count, 1), init=opt(op.start, 0.25)))


@lowers(Elu)
def elu(op: Elu, x: Shape) -> Lowering:
    """elu      # nn.ELU(), or F.elu(x)"""
    alpha = opt(op.alpha, 1.0)
    return layer(call("nn.ELU", alpha=alpha), run=call("F.elu", {"input": X}, alpha=alpha), in_place="inference")


@lowers(Selu)
def selu(op: Selu, x: Shape) -> Lowering:
    """selu      # nn.SELU(), or F.selu(x)"""
    return layer(call("nn.SELU"), run=call("F.selu", {"input": X}), in_place="inference")


@lowers(Gelu)
def gelu(op: Gelu, x: Shape) -> Lowering:
    """gelu      # nn.GELU(), or F.gelu(x)"""
    approximate = opt(op.approximate, "none")
    return layer(call("nn.GELU", approximate=approximate), run=call("F.gelu", {"input": X}, approximate=approximate))


@lowers(Silu)
def silu(op: Silu, x: Shape) -> Lowering:
    """silu      # nn.SiLU(), or F.silu(x)"""
    return layer(call("nn.SiLU"), run=call("F.silu", {"input": X}), in_place="inference")


@lowers(Mish)
def mish(op: Mish, x: Shape) -> Lowering:
    """mish      # nn.Mish(), or F.mish(x)"""
    return layer(call("nn.Mish"), run=call("F.mish", {"input": X}), in_place="inference")


@lowers(Hardswish)
def hardswish(op: Hardswish, x: Shape) -> Lowering:
    """hardswish      # nn.Hardswish(), or F.hardswish(x)"""
    return layer(call("nn.Hardswish"), run=call("F.hardswish", {"input": X}), in_place="inference")


@lowers(Hardsigmoid)
def hardsigmoid(op: Hardsigmoid, x: Shape) -> Lowering:
    """hardsigmoid      # nn.Hardsigmoid(), or F.hardsigmoid(x)"""
    return layer(call("nn.Hardsigmoid"), run=call("F.hardsigmoid", {"input": X}), in_place="inference")


@lowers(Softplus)
def softplus(op: Softplus, x: Shape) -> Lowering:
    """softplus      # nn.Softplus(), or F.softplus(x)"""
    facts = {"beta": opt(op.beta, 1.0), "threshold": opt(op.threshold, 20.0)}
    return layer(call("nn.Softplus", **facts), run=call("F.softplus", {"input": X}, **facts))


@lowers(Softsign)
def softsign(op: Softsign, x: Shape) -> Lowering:
    """softsign      # nn.Softsign(), or F.softsign(x)"""
    return layer(call("nn.Softsign"), run=call("F.softsign", {"input": X}))


@lowers(LogSoftmax)
def log_softmax(op: LogSoftmax, x: Shape) -> Lowering:
    """log_softmax      # nn.LogSoftmax(dim=1), or F.log_softmax(x, dim=1)"""
    return layer(call("nn.LogSoftmax", dim=op.axis), run=call("F.log_softmax", {"input": X}, dim=op.axis))
