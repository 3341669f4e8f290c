"""The network as a graph that keeps its blocks.

A `Graph` is a body: inputs, nodes in the order of the spec, outputs. A node is an input, the application of an op, the
call of another graph (a block or a group), or the repetition of one. Graphs, nodes and values are frozen and compared
by identity: two equal convolutions own different weights. A block that is used twice on the same shapes with the same
arguments is one graph with two calls; what tells their weights apart is the path of calls that leads to a layer.

What counts (parameters, multiply-adds, sizes) reads `Graph.steps`, where a repetition is one node, and multiplies. What
wants a flat list opens the repetitions first (`graph/opened.py`) and reads `Graph.nodes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

from archdsl.graph.definition import Definition, Origin
from archdsl.ops.base import Op
from archdsl.record import Entity, Record
from archdsl.sizes.fact import Fact
from archdsl.sizes.shape import Shape
from archdsl.source import Span


class Value(Record):
    """One result of a node; most nodes have one."""

    node: Node
    index: int = 0

    @property
    def shape(self) -> Shape:
        return self.node.shapes[self.index]


class Input(Entity):
    """A value that a body is given."""

    name: str
    shape: Shape
    span: Span | None = None

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return (self.shape,)

    @property
    def inputs(self) -> tuple[Value, ...]:
        return ()

    def __repr__(self) -> str:
        return f"<input {self.name}: {self.shape}>"


class Apply(Entity):
    """An op applied to values.

    `key` is the layer's name in its module and a part of the path of its weights; joins have none. `label` is the name
    that the spec gives the value, if any. A layer that is applied again names the first application in `shares`, and
    owns no weights of its own.
    """

    op: Op
    inputs: tuple[Value, ...]
    shapes: tuple[Shape, ...]
    key: str | None = None
    label: str | None = None
    shares: Apply | None = None
    span: Span | None = None

    @property
    def weights(self) -> str:
        """The path of its weights in the body."""
        return self.key or ""

    def __repr__(self) -> str:
        return _shown(self.op.name, self)


class Call(Entity):
    """A block or a group applied to values; `key`, `label` and `shares` as in `Apply`."""

    graph: Graph
    inputs: tuple[Value, ...]
    key: str
    label: str | None = None
    shares: Call | None = None
    span: Span | None = None

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(value.shape for value in self.graph.outputs)

    def __repr__(self) -> str:
        return _shown(self.graph.name or self.graph.kind, self)


class Repeat(Entity):
    """A body that runs `count` times, each time on what it left the time before, the first time on `inputs[0]`.

        repeat 12 { linear(64) -> relu }      # one node; its body has two

    The body is a graph of the kind "pass". Its one output has the shape of its first input; its other inputs are values
    from outside, the same in every pass. A repetition opens no module: the layers of all passes stand in the module
    around it, under numbers that run on. Those of pass i, counted from 0, are the body's with `stride` * i added.
    """

    graph: Graph
    inputs: tuple[Value, ...]
    count: int
    stride: int
    span: Span | None = None

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return (self.graph.outputs[0].shape,)

    def __repr__(self) -> str:
        return f"<repeat {self.count}: {self.shapes[0]}>"


Step: TypeAlias = "Apply | Call | Repeat"
Node: TypeAlias = "Input | Apply | Call | Repeat"


class Pieces(Record):
    """The first nodes of a network are better run on some samples at a time: how many nodes, and how many numbers they
    hold at a time for each number of the input. One value leaves them.

    Of a single node that is a group, and a chain, perhaps only the first layers: so many as `within` says.
    """

    nodes: int
    growth: float
    within: int | None = None


class Graph(Entity):
    """A body. `name` is the block's or network's, empty for a group; `arguments` are the values of its parameters, and
    `usual` names those that have the value they would have anyway.

    `facts` are what a network states of its sizes: `input x: [N, 3, H, W] where H % 32 == 0`. `pieces` is noted by a
    pass. `origin` is what the spec says of the block or the network; a graph that something has rewritten has none.
    """

    kind: Literal["network", "block", "group", "pass"]
    name: str
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Value, ...]
    output_names: tuple[str, ...] = ("out",)
    arguments: tuple[tuple[str, Any], ...] = ()
    usual: frozenset[str] = frozenset()
    doc: str = ""
    facts: tuple[Fact, ...] = ()
    pieces: Pieces | None = None
    origin: Definition | Origin | None = None
    span: Span | None = None

    @cached_property
    def nodes(self) -> tuple[Apply | Call, ...]:
        """The steps of a body without repetitions."""
        flat = tuple([step for step in self.steps if not isinstance(step, Repeat)])
        assert len(flat) == len(self.steps), f"{self!r} has repetitions: open them first"
        return flat

    @cached_property
    def size(self) -> int:
        """How many applications of ops there are, blocks and repetitions opened."""
        return sum(step_size(step) for step in self.steps)

    def __repr__(self) -> str:
        count = len(self.steps)
        return f"<{f'{self.kind} {self.name}'.rstrip()}: {count} node{'' if count == 1 else 's'}>"


def step_size(step: Step) -> int:
    """How many applications of ops a step stands for.

    step_size(twelve_linear_layers_with_relu)      # 24
    """
    if isinstance(step, Apply):
        return 1
    return step.graph.size * (step.count if isinstance(step, Repeat) else 1)


def _shown(what: str, node: Apply | Call) -> str:
    """A node in a line, without those before it: `<conv1 = conv: [N, 64, 112, 112]>`."""
    name = f"{node.key} = " if node.key is not None else ""
    return f"<{name}{what}: {', '.join(map(str, node.shapes))}>"


class Layer(NamedTuple):
    """A layer of the flat network: where it is, and the node that describes it."""

    path: str
    node: Apply


def layers(graph: Graph, prefix: str = "", shift: int = 0) -> Iterator[Layer]:
    """Every application of an op with the path of its weights, blocks and repetitions opened, in the order of the spec.

        [layer.path for layer in layers(lenet)]      # ["0", "1", …]

    `shift` is what is added to the keys of a pass.
    """
    for step in graph.steps:
        if isinstance(step, Repeat):
            for index in range(step.count):
                yield from layers(step.graph, prefix, shift + index * step.stride)
            continue
        key = step.key if step.key is None or not shift else str(int(step.key) + shift)
        if isinstance(step, Call):
            yield from layers(step.graph, f"{prefix}{key}.")
        else:
            yield Layer(f"{prefix}{key or ''}", step)
