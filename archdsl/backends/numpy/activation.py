"""Activations on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
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
    Tanh,
)


@lowers(Relu)
def relu(op: Relu) -> Call:
    return call(kernels.relu)


@lowers(Sigmoid)
def sigmoid(op: Sigmoid) -> Call:
    return call(kernels.sigmoid)


@lowers(Tanh)
def tanh(op: Tanh) -> Call:
    return call(kernels.tanh)


@lowers(Softmax)
def softmax(op: Softmax) -> Call:
    return call(kernels.softmax, axis=op.axis)


@lowers(Relu6)
def relu6(op: Relu6) -> Call:
    return call(kernels.relu6)


@lowers(LeakyRelu)
def leaky_relu(op: LeakyRelu) -> Call:
    return call(kernels.leaky_relu, slope=op.slope)


@lowers(Prelu)
def prelu(op: Prelu) -> Call:
    return call(kernels.prelu)


@lowers(Elu)
def elu(op: Elu) -> Call:
    return call(kernels.elu, alpha=op.alpha)


@lowers(Selu)
def selu(op: Selu) -> Call:
    return call(kernels.selu)


@lowers(Gelu)
def gelu(op: Gelu) -> Call:
    return call(kernels.gelu, approximate=op.approximate)


@lowers(Silu)
def silu(op: Silu) -> Call:
    return call(kernels.silu)


@lowers(Mish)
def mish(op: Mish) -> Call:
    return call(kernels.mish)


@lowers(Hardswish)
def hardswish(op: Hardswish) -> Call:
    return call(kernels.hardswish)


@lowers(Hardsigmoid)
def hardsigmoid(op: Hardsigmoid) -> Call:
    return call(kernels.hardsigmoid)


@lowers(Softplus)
def softplus(op: Softplus) -> Call:
    return call(kernels.softplus, beta=op.beta, threshold=op.threshold)


@lowers(LogSoftmax)
def log_softmax(op: LogSoftmax) -> Call:
    return call(kernels.log_softmax, axis=op.axis)
