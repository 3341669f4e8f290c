"""Networks built by hand for the tests of the NumPy backend, and inputs and training passes for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from archdsl.backends.numpy.program import Program
from archdsl.graph.nodes import Apply, Call, Graph, Input, Repeat, Step, Value
from archdsl.ops.activation import Relu, Sigmoid
from archdsl.ops.combine import Add, Concat
from archdsl.ops.conv import Conv
from archdsl.ops.linear import Linear
from archdsl.ops.pool import AvgPool, MaxPool
from archdsl.ops.regularize import Dropout
from archdsl.ops.reshape import Flatten, Identity
from archdsl.sizes.dim import symbol
from archdsl.sizes.shape import Shape

N, H, W = (symbol(name) for name in "NHW")


class Body:
    """A body under construction.

    body = Body(image)
    x = body.apply(Relu(), body.inputs[0])
    graph = body.close("network", "t", x)
    """

    def __init__(self, **inputs: Shape) -> None:
        self.given = [Input(name, shape) for name, shape in inputs.items()]
        self.inputs = [Value(node) for node in self.given]
        self.nodes: list[Step] = []

    def apply(self, op: Any, *xs: Value, key: str | None = None, label: str | None = None, shares: Any = None) -> Value:
        left = op.infer(*(x.shape for x in xs))
        shapes = left if isinstance(left, tuple) else (left,)
        key = key or (str(len(self.nodes)) if op.arity != "many" else None)
        self.nodes.append(Apply(op, xs, shapes, key, label, shares))
        return Value(self.nodes[-1])

    def call(self, graph: Graph, *xs: Value, key: str, label: str | None = None, shares: Any = None) -> Value:
        self.nodes.append(Call(graph, xs, key, label, shares))
        return Value(self.nodes[-1])

    def repeat(self, count: int, body: Graph, *xs: Value, stride: int) -> Value:
        self.nodes.append(Repeat(body, xs, count, stride))
        return Value(self.nodes[-1])

    def chain(self, x: Value, *ops: Any) -> Value:
        for op in ops:
            x = self.apply(op, x)
        return x

    def close(self, kind: Any, name: str, *outputs: Value, names: Sequence[str] = ("out",), doc: str = "") -> Graph:
        return Graph(kind, name, tuple(self.given), tuple(self.nodes), outputs, tuple(names), doc=doc)


def conv(channels: int, kernel: int, padding: int = 0, stride: int = 1, bias: bool = True) -> Conv:
    return Conv(channels, *((size,) * 2 for size in (kernel, stride, padding, 1)), bias=bias)


def lenet() -> Graph:
    pool = AvgPool((2, 2), (2, 2), (0, 0))
    body = Body(image=Shape((N, 1, 28, 28)))
    features = (conv(6, 5, padding=2), Sigmoid(), pool, conv(16, 5), Sigmoid(), pool, Flatten())
    classifier = (Linear(120), Sigmoid(), Linear(84), Sigmoid(), Linear(10))
    return body.close("network", "LeNet", body.chain(body.inputs[0], *features, *classifier))


def basic(shape: Shape) -> Graph:
    body = Body(x=shape)
    x = body.inputs[0]
    a = body.apply(conv(4, 3, padding=1, bias=False), x, key="conv1", label="conv1")
    a = body.apply(Relu(), a, key="1")
    a = body.apply(conv(4, 3, padding=1), a, key="conv2", label="conv2")
    return body.close("block", "basic", body.apply(Relu(), body.apply(Add(), a, x), key="3"))


def residual() -> Graph:
    """Two calls of one block with weights of their own, a skip to a named value, and dropout."""
    body = Body(image=Shape((N, 3, H, W)))
    x = body.apply(conv(4, 3, padding=1), body.inputs[0], key="stem", label="stem")
    block = basic(x.shape)
    y = body.call(block, x, key="layer1", label="layer1")
    y = body.call(block, y, key="layer2", label="layer2")
    y = body.apply(Dropout(0.5), y)
    arms = body.apply(conv(2, 1), y), body.apply(MaxPool((3, 3), (1, 1), (1, 1), (1, 1)), y), body.apply(Identity(), y)
    joined = body.apply(Concat(), *arms, x)
    return body.close("network", "Residual", joined, doc='A "tower" of blocks \\ skips."')


def shared() -> Graph:
    """A layer that is applied three times, and a block that is called twice, with one set of weights each."""
    body = Body(x=Shape((N, 4, 5, 5)))
    x = body.inputs[0]
    layer = conv(4, 3, padding=1)
    x = body.apply(layer, x, key="mix", label="mix")
    first = body.nodes[-1]
    x = body.apply(layer, body.apply(Relu(), x), key="mix", shares=first)
    x = body.apply(layer, x, key="mix", shares=first)
    block = basic(x.shape)
    x = body.call(block, x, key="tower")
    x = body.call(block, x, key="tower", shares=body.nodes[-1])
    return body.close("network", "Shared", x)


def twins() -> Graph:
    """Two inputs and two outputs; one layer reaches no output."""
    body = Body(left=Shape((N, 6)), right=Shape((N, 4)))
    left, right = body.inputs
    a = body.apply(Linear(5), left, key="a")
    b = body.apply(Linear(5, bias=False), right, key="b")
    body.apply(Linear(3), b, key="unused")
    total = body.apply(Add(), a, b)
    return body.close("network", "Twins", body.apply(Sigmoid(), total), total, names=("class", "_score"))


def awkward() -> Graph:
    """Names that Python, NumPy or the emitted file have taken."""
    body = Body(net=Shape((N, 2, 6, 6)), np=Shape((N, 2, 6, 6)))
    labels = ["conv", "class", "self", "x", "a", "Network", "é", "list", "a"]
    values = [body.apply(conv(2, 1), x, label=label) for label in labels for x in body.inputs]
    values += [body.apply(Relu(), value) for value in values]
    return body.close("network", "Value", body.apply(Add(), *values, *values[::-1]))


NETWORKS = [lenet, residual, shared, twins, awkward]


def inputs_of(program: Program) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    sizes = {"N": 2, "H": 7, "W": 6}
    return {
        name: rng.normal(size=[sizes.get(str(size), size) for size in wanted.sizes])
        for name, wanted in program.inputs.items()
    }


def trained(program: Any, xs: dict[str, np.ndarray]) -> tuple[Any, dict[str, np.ndarray]]:
    """Outputs and gradients of one training pass."""
    y = program(**xs, train=True)
    several = isinstance(y, tuple)
    dys = [np.cos(np.arange(out.size)).reshape(out.shape) for out in (y if several else (y,))]
    return y, program.backward(dys if several else dys[0])
