"""Activations on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.activation import Relu, Sigmoid, Softmax, Tanh


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
