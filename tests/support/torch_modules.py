"""Emitted modules against a graph, node by node."""

from __future__ import annotations

from typing import Any

import torch

from archdsl.backends.torch.module import module
from archdsl.graph.nodes import Call, Graph, Value
from archdsl.ops.conv import Conv
from archdsl.sizes.dim import substitute


def tensors(graph: Graph) -> list[Any]:
    """Random inputs for a graph, every symbol 2."""
    return [torch.randn([substitute(d, dict.fromkeys("NHW", 2)) for d in entry.shape.dims]) for entry in graph.inputs]


def results(module: Any, inputs: list[Any]) -> tuple[Any, ...]:
    found = module(*inputs)
    return found if isinstance(found, tuple) else (found,)


def agrees_with_the_graph(graph: Graph) -> None:
    net, inputs = module(graph).eval(), tensors(graph)
    found = results(net, inputs)
    expected = reference(graph, net.state_dict(), inputs)
    for y, z in zip(found, expected, strict=True):
        torch.testing.assert_close(y, z, rtol=1e-4, atol=1e-5)


def reference(graph: Graph, weights: dict[str, Any], inputs: list[Any], prefix: str = "") -> list[Any]:
    """The graph run node by node, each op by torch's function of the same name."""
    values: dict[Value, Any] = {Value(node): x for node, x in zip(graph.inputs, inputs, strict=True)}
    for node in graph.nodes:
        xs = [values[value] for value in node.inputs]
        path = f"{prefix}{node.key}."
        if isinstance(node, Call):
            values.update((Value(node, i), y) for i, y in enumerate(reference(node.graph, weights, xs, path)))
        else:
            own = {key.removeprefix(path): value for key, value in weights.items() if key.startswith(path)}
            values[Value(node)] = MEANINGS[node.op.name](node.op, own, *xs)
    return [values[value] for value in graph.outputs]


def _conv(op: Conv, own: dict[str, Any], x: Any) -> Any:
    run = (torch.conv1d, torch.conv2d, torch.conv3d)[x.ndim - 3]
    weight = own["weight"].flip(*range(2, x.ndim)) if op.flip else own["weight"]
    return run(x, weight, own.get("bias"), op.stride, op.padding, op.dilation, op.groups)


F = torch.nn.functional

MEANINGS: dict[str, Any] = {
    "conv": _conv,
    "linear": lambda op, own, x: F.linear(x, own["weight"], own.get("bias")),
    "max_pool": lambda op, own, x: (F.max_pool1d if x.ndim == 3 else F.max_pool2d)(
        x, op.kernel, op.stride, op.padding, op.dilation, op.ceil
    ),
    "avg_pool": lambda op, own, x: (F.avg_pool1d if x.ndim == 3 else F.avg_pool2d)(
        x, op.kernel, op.stride, op.padding, op.ceil, op.count_padding
    ),
    "relu": lambda op, own, x: torch.relu(x),
    "sigmoid": lambda op, own, x: torch.sigmoid(x),
    "tanh": lambda op, own, x: torch.tanh(x),
    "softmax": lambda op, own, x: torch.softmax(x, op.axis),
    "flatten": lambda op, own, x: torch.flatten(x, op.start),
    "identity": lambda op, own, x: x,
    "dropout": lambda op, own, x: x,
    "add": lambda op, own, *xs: sum(xs[1:], xs[0]),
    "concat": lambda op, own, *xs: torch.cat(xs, op.axis),
}
