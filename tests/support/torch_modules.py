"""What each op means, said by torch's own functions; and emitted modules held against a graph, node by node.

Nothing here is taken from the code that is tested: a rule that writes another function is found out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import torch

from archdsl.backends.torch.module import module
from archdsl.graph.nodes import Call, Graph, Value
from archdsl.graph.opened import opened
from archdsl.ops import OPS
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


Meaning = Callable[..., Any]


def reference(
    graph: Graph,
    weights: Mapping[str, Any],
    inputs: list[Any],
    others: Mapping[str, Meaning] | None = None,
) -> list[Any]:
    """The graph run node by node, each op by torch's function of the same name; `others` replace some meanings."""
    return _run(opened(graph), weights, inputs, "", {**MEANINGS, **(others or {})})


def _run(
    graph: Graph, weights: Mapping[str, Any], inputs: list[Any], prefix: str, meanings: Mapping[str, Meaning]
) -> list[Any]:
    values: dict[Value, Any] = {Value(node): x for node, x in zip(graph.inputs, inputs, strict=True)}
    for node in graph.nodes:
        xs = [values[value] for value in node.inputs]
        path = f"{prefix}{node.key}"
        if isinstance(node, Call):
            left = _run(node.graph, weights, xs, f"{path}.", meanings)
        else:
            own = {key[len(path) :].lstrip("."): weights[key] for key in weights if f"{key}.".startswith(f"{path}.")}
            result = meanings[node.op.name](node.op, own, *xs)
            left = list(result) if isinstance(result, tuple) else [result]
        values.update((Value(node, i), y) for i, y in enumerate(left))
    return [values[value] for value in graph.outputs]


F = torch.nn.functional


def of_rank(name: str, x: Any) -> Meaning:
    """The function of torch for so many spatial axes: conv2d for images."""
    found: Meaning = getattr(F, f"{name}{x.ndim - 2}d")
    return found


def _conv(op: Any, own: dict[str, Any], x: Any) -> Any:
    weight = own["weight"].flip(*range(2, x.ndim)) if op.flip else own["weight"]
    return of_rank("conv", x)(x, weight, own.get("bias"), op.stride, op.padding, op.dilation, op.groups)


def _conv_transpose(op: Any, own: dict[str, Any], x: Any) -> Any:
    spread = of_rank("conv_transpose", x)
    return spread(x, own["weight"], own.get("bias"), op.stride, op.padding, op.output_padding, op.groups, op.dilation)


def _lp_pool(op: Any, own: dict[str, Any], x: Any) -> Any:
    """Torch takes powers of x itself; of |x| an odd p is a norm too."""
    one = op.kernel[0] if x.ndim == 3 else op.kernel
    return of_rank("lp_pool", x)(x.abs(), op.p, one, op.stride, op.ceil)


def batch_norm(train: bool) -> Meaning:
    """The meaning in training, which moves the averages, or in evaluation."""

    def meaning(op: Any, own: dict[str, Any], x: Any) -> Any:
        if train:
            own["num_batches_tracked"] += 1
        share = 1 / int(own["num_batches_tracked"] or 1) if op.momentum is None else op.momentum
        averages = own["running_mean"], own["running_var"]
        return F.batch_norm(x, *averages, own.get("weight"), own.get("bias"), train, share, op.eps)

    return meaning


def _attention(op: Any, own: dict[str, Any], x: Any) -> Any:
    """Written out: three projections, a softmax over positions in each head, and a projection."""
    projected = F.linear(x, own["in_proj_weight"], own.get("in_proj_bias"))
    queries, keys, values = (part.unflatten(2, (op.heads, -1)).transpose(1, 2) for part in projected.chunk(3, 2))
    scores = queries @ keys.transpose(2, 3) / (x.shape[2] // op.heads) ** 0.5
    if op.causal:
        scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), -torch.inf)
    gathered = (scores.softmax(-1) @ values).transpose(1, 2).flatten(2)
    return F.linear(gathered, own["out_proj.weight"], own.get("out_proj.bias"))


def _reshape(op: Any, own: dict[str, Any], x: Any) -> Any:
    """Symbols go by their usual axes: H and W are the last; any other size is left to torch."""
    sizes = {"H": x.shape[-2], "W": x.shape[-1]} if x.ndim == 4 else {}
    known = [substitute(size, sizes) for size in op.sizes]
    return x.reshape(len(x), *(size if isinstance(size, int) else -1 for size in known))


def _slice(op: Any, own: dict[str, Any], x: Any) -> Any:
    kept = range(x.shape[op.axis])[op.start : op.stop : op.step]
    return x.index_select(op.axis, torch.tensor(list(kept)))


def _pad(op: Any, own: dict[str, Any], x: Any) -> Any:
    after = op.before if op.after is None else op.after
    ends = [end for pair in zip(reversed(op.before), reversed(after), strict=True) for end in pair]
    return F.pad(x, ends, op.mode, op.value)


def _upsample(op: Any, own: dict[str, Any], x: Any) -> Any:
    sizes = [size * scale for size, scale in zip(x.shape[2:], op.scale, strict=True)]
    corners = {} if op.mode == "nearest" else {"align_corners": op.align_corners}
    return F.interpolate(x, sizes, mode=op.mode, **corners)


def _scale(op: Any, own: dict[str, Any], x: Any) -> Any:
    sizes = [1] * x.ndim
    sizes[op.axis] = -1
    return x * own[""].reshape(sizes)


def _normalize(op: Any, own: dict[str, Any], x: Any) -> Any:
    mean, std = (torch.tensor(numbers, dtype=torch.float64).reshape(-1, 1, 1) for numbers in (op.mean, op.std))
    return (x - mean) / std


def _matmul(op: Any, own: dict[str, Any], a: Any, b: Any) -> Any:
    return torch.einsum("...ij,...kj->...ik" if op.transpose else "...ij,...jk->...ik", a, b)


def _identity(op: Any, own: dict[str, Any], x: Any) -> Any:
    return x


def _elementwise(function: Meaning, *arguments: str) -> Meaning:
    """A function of torch, told some arguments of the op by position."""
    return lambda op, own, x: function(x, *(getattr(op, name) for name in arguments))


MEANINGS: dict[str, Meaning] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "linear": lambda op, own, x: F.linear(x, own["weight"], own.get("bias")),
    "max_pool": lambda op, own, x: of_rank("max_pool", x)(x, op.kernel, op.stride, op.padding, op.dilation, op.ceil),
    "avg_pool": lambda op, own, x: of_rank("avg_pool", x)(
        x, op.kernel, op.stride, op.padding, op.ceil, op.count_padding
    ),
    "lp_pool": _lp_pool,
    "global_avg_pool": lambda op, own, x: x.mean(tuple(range(2, x.ndim)), keepdim=True),
    "global_max_pool": lambda op, own, x: of_rank("max_pool", x)(x, x.shape[2:]),
    "adaptive_avg_pool": lambda op, own, x: of_rank("adaptive_avg_pool", x)(x, op.size),
    "adaptive_max_pool": lambda op, own, x: of_rank("adaptive_max_pool", x)(x, op.size),
    "batch_norm": batch_norm(train=False),
    "layer_norm": lambda op, own, x: F.layer_norm(
        x, x.shape[x.ndim - op.axes :], own.get("weight"), own.get("bias"), op.eps
    ),
    "rms_norm": lambda op, own, x: F.rms_norm(x, x.shape[x.ndim - op.axes :], own.get("weight"), op.eps),
    "group_norm": lambda op, own, x: F.group_norm(x, op.groups, own.get("weight"), own.get("bias"), op.eps),
    "instance_norm": lambda op, own, x: F.instance_norm(x, weight=own.get("weight"), bias=own.get("bias"), eps=op.eps),
    "local_response_norm": lambda op, own, x: F.local_response_norm(x, op.size, op.alpha, op.beta, op.k),
    "relu": _elementwise(torch.relu),
    "relu6": _elementwise(F.relu6),
    "leaky_relu": _elementwise(F.leaky_relu, "slope"),
    "prelu": lambda op, own, x: F.prelu(x, own["weight"]),
    "elu": _elementwise(F.elu, "alpha"),
    "selu": _elementwise(F.selu),
    "gelu": lambda op, own, x: F.gelu(x, approximate=op.approximate),
    "silu": _elementwise(F.silu),
    "mish": _elementwise(F.mish),
    "hardswish": _elementwise(F.hardswish),
    "hardsigmoid": lambda op, own, x: F.relu6(x + 3) / 6,  # the gradient of torch's own is rounded to float32
    "softplus": _elementwise(F.softplus, "beta", "threshold"),
    "sigmoid": _elementwise(torch.sigmoid),
    "tanh": _elementwise(torch.tanh),
    "softmax": _elementwise(torch.softmax, "axis"),
    "log_softmax": _elementwise(torch.log_softmax, "axis"),
    "flatten": _elementwise(torch.flatten, "start"),
    "identity": _identity,
    "reshape": _reshape,
    "permute": _elementwise(torch.permute, "axes"),
    "slice": _slice,
    "split": lambda op, own, x: torch.split(x, op.sizes, op.axis),
    "chunk": lambda op, own, x: torch.chunk(x, op.count, op.axis),
    "pad": _pad,
    "upsample": _upsample,
    "pixel_shuffle": _elementwise(F.pixel_shuffle, "factor"),
    "pixel_unshuffle": _elementwise(F.pixel_unshuffle, "factor"),
    "channel_shuffle": _elementwise(F.channel_shuffle, "groups"),
    "mean": _elementwise(torch.mean, "axes", "keep"),
    "max": _elementwise(torch.amax, "axes", "keep"),
    "scale": _scale,
    "parameter": lambda op, own, x: own[""].expand(len(x), *own[""].shape[1:]),
    "dropout": _identity,
    "stochastic_depth": _identity,
    "add": lambda op, own, *xs: reduce(torch.add, xs),
    "mul": lambda op, own, *xs: reduce(torch.mul, xs),
    "sub": lambda op, own, a, b: torch.sub(a, b),
    "concat": lambda op, own, *xs: torch.cat(xs, op.axis),
    "matmul": _matmul,
    "attention": _attention,
    "embedding": lambda op, own, x: F.embedding(x, own["weight"]),
    "random_flip": _identity,
    "random_crop": _identity,
    "random_resized_crop": _identity,
    "color_jitter": _identity,
    "normalize": _normalize,
}
"""What each op leaves in evaluation, of its own weights by name and of what comes in."""


def _of_that_name(name: str) -> Meaning:
    """What torch has under the name of an op, with the op's arguments in their order."""
    function: Meaning = getattr(F, name)
    return lambda op, own, x: function(x, *op.values().values())


MEANINGS |= {
    name: _of_that_name(name)
    for name, op in OPS.items()
    if op.is_pointwise and name not in MEANINGS and hasattr(F, name)
}
