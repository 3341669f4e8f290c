"""Graphs built by hand, for the tests of the PyTorch writer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archdsl.graph.nodes import Apply, Call, Graph, Input, Node, Value
from archdsl.ops import Op, Param
from archdsl.ops.activation import Relu, Sigmoid, Softmax, Tanh
from archdsl.ops.combine import Add, Concat
from archdsl.ops.conv import Conv
from archdsl.ops.init import Normal
from archdsl.ops.linear import Linear
from archdsl.ops.pool import AvgPool, MaxPool
from archdsl.ops.regularize import Dropout
from archdsl.ops.reshape import Flatten, Identity
from archdsl.sizes.dim import symbol
from archdsl.sizes.shape import Shape

N = symbol("N")


class Body:
    """A body under construction: calling it adds a stage after the last one, or after the values given."""

    def __init__(
        self, *shapes: Shape, kind: Any = "group", name: str = "", names: Sequence[str] = ("in",), **facts: Any
    ):
        self.kind, self.name, self.facts = kind, name, facts
        self.inputs = tuple(Input(n, shape) for n, shape in zip(names, shapes, strict=True))
        self.nodes: list[Apply | Call] = []
        self.value = Value(self.inputs[0])

    @property
    def shape(self) -> Shape:
        return self.value.shape

    def __call__(
        self, stage: Op | Graph, *inputs: Value, label: str | None = None, shares: Node | None = None
    ) -> Value:
        values = inputs or (self.value,)
        unkeyed = isinstance(stage, Op) and stage.arity == "many"
        count = sum(node.key is not None and node.shares is None for node in self.nodes)
        key = None if unkeyed else getattr(shares, "key", None) or label or str(count)
        node: Any
        if isinstance(stage, Graph):
            node = Call(stage, values, key or "", label, shares)  # type: ignore[arg-type]
        else:
            shapes = stage.infer(*(value.shape for value in values))
            found = (shapes,) if isinstance(shapes, Shape) else shapes
            node = Apply(stage, values, found, key, label, shares)  # type: ignore[arg-type]
        self.nodes.append(node)
        self.value = Value(node)
        return self.value

    def chain(self, *stages: Op | Graph) -> Body:
        for stage in stages:
            self(stage)
        return self

    def done(self, *outputs: Value, names: tuple[str, ...] = ("out",)) -> Graph:
        return Graph(
            self.kind, self.name, self.inputs, tuple(self.nodes), outputs or (self.value,), names, **self.facts
        )


def network(name: str, *shapes: Shape, names: Sequence[str] = ("image",), doc: str = "") -> Body:
    return Body(*shapes, kind="network", name=name, names=names, doc=doc)


def block(name: str, shape: Shape, **arguments: Any) -> Body:
    return Body(shape, kind="block", name=name, arguments=tuple(arguments.items()))


def images(channels: int, size: int) -> Shape:
    return Shape((N, channels, size, size))


def conv(channels: int, kernel: int, stride: int = 1, padding: int = 0, **more: Any) -> Conv:
    return Conv(channels, (kernel,) * 2, (stride,) * 2, (padding,) * 2, (1, 1), **more)


def max_pool(kernel: int, stride: int | None = None, padding: int = 0) -> MaxPool:
    return MaxPool((kernel,) * 2, stride and (stride,) * 2, (padding,) * 2, (1, 1))  # type: ignore[arg-type]


def avg_pool(kernel: int, **more: Any) -> AvgPool:
    return AvgPool((kernel,) * 2, None, (0, 0), **more)


def lenet() -> Graph:
    body = network("LeNet", images(1, 28), doc="LeNet-5 (LeCun et al., 1998).\n\nThe one with sigmoids.")
    body.chain(conv(6, 5, padding=2), Sigmoid(), avg_pool(2), conv(16, 5), Sigmoid(), avg_pool(2), Flatten())
    return body.chain(Linear(120), Sigmoid(), Linear(84), Sigmoid(), Linear(10)).done()


def basic(shape: Shape, channels: int, stride: int = 1) -> Graph:
    body = block("basic", shape, channels=channels, stride=stride)
    x = body.value
    body(conv(channels, 3, stride, 1, bias=False), label="conv1")
    body(Relu())
    y = body(conv(channels, 3, 1, 1, bias=False), label="conv2")
    if stride != 1 or shape.channels != channels:
        x = body(Body(shape).chain(conv(channels, 1, stride, bias=False), Identity()).done(), x, label="downsample")
    body(Add(), y, x)
    body(Relu())
    return body.done()


def resnet() -> Graph:
    body = network("ResNet", images(3, 64))
    body(conv(64, 7, 2, 3, bias=False), label="conv1")
    body.chain(Relu(), max_pool(3, 2, 1))
    for i, depth in enumerate((2, 2, 4)):
        group = Body(body.shape)
        for j in range(depth):
            group(basic(group.shape, 64 * 2**i, 2 if i > 0 and j == 0 else 1))
        body(group.done(), label=f"layer{i + 1}")
    body.chain(avg_pool(4), Flatten())
    body(Linear(10), label="fc")
    return body.done()


def inception(shape: Shape, c1: int, c2: Any, c3: Any, c4: int) -> Graph:
    body = block("inception", shape, c1=c1, c2=c2, c3=c3, c4=c4)
    x = body.value
    arms = []
    for stages in (
        (conv(c1, 1), Relu()),
        (conv(c2[0], 1), Relu(), conv(c2[1], 3, padding=1), Relu()),
        (conv(c3[0], 1), Relu(), conv(c3[1], 5, padding=2), Relu()),
        (max_pool(3, 1, 1), conv(c4, 1), Relu()),
    ):
        body(stages[0], x)
        arms.append(body.chain(*stages[1:]).value)
    body(Concat(), *arms)
    return body.done()


def googlenet() -> Graph:
    body = network("GoogLeNet", images(3, 32)).chain(conv(16, 7, 2, 3), Relu())
    body(inception(body.shape, 8, (6, 8), (2, 4), 4))
    body(inception(body.shape, 16, [8, 12], [4, 12], 8))
    return body.chain(max_pool(2), Flatten(), Linear(10)).done()


def densenet() -> Graph:
    """Layers that see everything before them; the channels that come in grow by a constant."""
    body = network("DenseNet", images(3, 8)).chain(conv(4, 3, padding=1))
    for _ in range(2):
        dense = block("dense_block", body.shape, layers=3, growth=4)
        for _ in range(3):
            before = dense.value
            dense.chain(Relu(), conv(4, 3, padding=1))
            dense(Concat(), before, dense.value)
        body(dense.done())
    return body.done()


def shared() -> Graph:
    """Two images through the same layers; two outputs."""
    body = network("Siamese", images(3, 8), images(3, 8), names=("left", "right"))
    tower = block("tower", images(3, 8)).chain(conv(4, 3), Relu(), Flatten()).done()
    left, right = Value(body.inputs[0]), Value(body.inputs[1])
    a = body(tower, left, label="tower")
    b = body(tower, right, shares=a.node)
    head = body(Linear(5), a, label="head")
    other = body(Linear(5), b, shares=head.node)
    body(Concat(), head, other)
    both = body(Linear(2), label="decide")
    return body.done(both, a, b, names=("class", "count", "right"))


def awkward() -> Graph:
    """Names that Python or torch keep for themselves, in a body that is no chain."""
    body = network("Tensor", images(3, 8), names=("lambda",))
    x = body.value
    for name in ("class", "conv", "forward", "train", "keys", "weight", "type", "list"):
        body(conv(3, 3, padding=1), label=name)
    body(Add(), body.value, x, label="torch")
    again = body.value
    body(conv(3, 3, padding=1), label="self")
    body(Add(), body.value, again, again)
    return body.done()


def keywords() -> Graph:
    """Python keywords alone: a dictionary of layers can bear them."""
    body = network("list", images(3, 8), names=("image",))
    for name in ("class", "import", "conv"):
        body(conv(3, 3, padding=1), label=name)
    return body.chain(conv(3, 1), Relu()).done()


def captured() -> Graph:
    """Groups with values from outside, several results, nested chains, and names for the layers of a chain."""
    body = network("Captured", images(4, 8), names=("image",))
    x = body.value
    y = body(conv(4, 1), label="skip")
    inner = Body(x.shape, y.shape, names=("in", "skip"))
    a, b = (Value(node) for node in inner.inputs)
    joined = inner(Add(), a, b)
    deep = inner(conv(4, 3, padding=1), joined)
    group = inner.done(deep, joined, names=("out", "out2"))
    call = body(group, x, y, label="mix").node
    body(Add(), Value(call, 0), Value(call, 1))
    named = Body(body.shape)
    named(conv(2, 1), label="reduce")
    named(Tanh(), label="squash")
    body(named.done(), label="head")
    body(Body(body.shape).chain(Body(body.shape).chain(Relu(), Relu()).done(), conv(2, 1)).done())
    body(Body(body.shape).done(), label="nothing")
    body(Flatten(), label="flat")
    body(Dropout(0.25))
    body(Softmax())
    return body.done()


def repeated() -> Graph:
    """Chains with much the same in them, blocks that differ in a flag and a float, blocks of other depths."""
    body = network("Repeated", images(4, 8)).chain(*[conv(4, 3, padding=1), Relu()] * 4, *[conv(4, 1)] * 3)
    for bias, p, depth in ((True, 0.5, 1), (False, 0.25, 1), (True, 0.5, 2)):
        stage = block("drop_block", body.shape, bias=bias, p=p, depth=depth)
        body(stage.chain(*[conv(4, 1, bias=bias), Dropout(p)] * depth).done())
    for width in (1, 2):
        wide = block("wide", body.shape, width=width)
        x = wide.value
        wide.chain(conv(4 * width, 1), max_pool(2 * width - 1, 1, width - 1), conv(4, 1))
        wide(Add(), x, wide.value)
        body(wide.done())
    return body.chain(max_pool(2)).done()


def many() -> Graph:
    """A sum and a concat of a hundred arms, and a dead layer."""
    body = network("Many", images(2, 4))
    x = body.value
    arms = [body(conv(2, 1), x, label=f"a_rather_long_name_{i}") for i in range(100)]
    total = body(Add(), *arms, *arms)
    body(conv(2, 1), x, label="dead")
    body(Concat(), total, *arms, x)
    return body.done()


def deep() -> Graph:
    """Groups in groups, far deeper than one expression should nest."""
    graph = Body(images(2, 4)).chain(conv(2, 1), Relu()).done()
    for _ in range(60):
        graph = Body(images(2, 4)).chain(graph, Relu()).done()
    return network("Deep", images(2, 4)).chain(graph).done()


class NormalLinear(Linear):
    """A linear layer with first values of its own."""

    name = "normal_linear"

    def params(self, x: Shape) -> dict[str, Param]:
        return super().params(x) | {"weight": Param((self.features, x.dims[-1]), Normal(0.01))}


def one_dimension() -> Graph:
    """Sequences, volumes of windows that differ by axis, true convolution."""
    body = network("Signal", Shape((N, 2, 40)), names=("signal",))
    body(Conv(4, (3,), (1,), (1,), (2,), flip=True), label="turned")
    body(MaxPool((3,), (2,), (1,), (1,), ceil=True))
    body(AvgPool((2,), None, (1,), count_padding=False))
    return body.done()


NETWORKS = {
    graph.__name__: graph
    for graph in (
        lenet,
        resnet,
        googlenet,
        densenet,
        shared,
        awkward,
        keywords,
        captured,
        repeated,
        many,
        deep,
        one_dimension,
    )
}
