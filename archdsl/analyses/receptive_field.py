"""How much of the input each layer sees, axis by axis.

Takes a graph, returns for every node and each axis of an input how many positions a place of its value depends on, in
evaluation, through any path and any channel. What mixes a whole axis (global pooling, a linear layer after flatten,
attention) sees all of it. Ends of the image play no part: the window of a deep layer may be larger than the input, as
published tables have it. What cannot be followed is unknown, never guessed.

Each op says in RULES how it looks at its input. To sequences, images and volumes the axes after the channels count, to
tokens (whole numbers) those after the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import reduce
from typing import Any, TypeAlias

from archdsl.analyses.reach import ITSELF, Reach, through, union
from archdsl.graph.nodes import Apply, Call, Graph, Input, Node, Value
from archdsl.ops import OPS, Op
from archdsl.record import Entity, Record
from archdsl.sizes.dim import Dim
from archdsl.sizes.shape import Shape


class Sight(Enum):
    """What needs no numbers: a place depends on nothing of the input, on all of it, or on nobody knows what."""

    NOTHING = "nothing"
    ALL = "all"
    UNKNOWN = "unknown"


class Along(Record):
    """What a place sees moves on with its index along an axis of the value."""

    axis: int
    reach: Reach


class Scattered(Record):
    """A place sees this many positions in a row; where they are depends on the indices along some axes, in a way that
    is not followed. Two values whose `form` is equal see the same at equal places."""

    axes: frozenset[int]
    extent: int
    form: tuple[object, ...]


Seen: TypeAlias = "Sight | Along | Scattered"
Rule: TypeAlias = "Callable[[Any, tuple[Shape, ...], tuple[Shape, ...], tuple[Seen, ...]], tuple[Seen, ...]]"

Field: TypeAlias = "int | Sight"


class Fields(Entity):
    """For every node of a body, what its first value sees of each axis of an input; `inside` is for calls."""

    nodes: Mapping[Node, tuple[Field, ...]]
    inside: Mapping[Call, Fields]


def receptive_fields(graph: Graph, entry: Input, sizes: Mapping[str, Dim] | None = None) -> Fields:
    """What the nodes of a network see of one of its inputs; `sizes` stand in place of symbols.

    fields = receptive_fields(lenet, lenet.inputs[0])
    fields.nodes[lenet.nodes[0]]      # (5, 5)
    """
    axes = axes_of(entry.shape)
    given: dict[Value, tuple[Seen, ...]] = {
        Value(other): tuple(Along(axis, ITSELF) if other is entry else Sight.NOTHING for axis in axes)
        for other in graph.inputs
    }
    return _body(graph, given, len(axes), sizes or {})[0]


def axes_of(shape: Shape) -> range:
    """The axes of an input that count: those after the channels, or after the batch where there are none."""
    return range(1 if shape.kind == "int" and shape.rank == 2 else 2, shape.rank)


def _body(
    graph: Graph, seen: dict[Value, tuple[Seen, ...]], axes: int, sizes: Mapping[str, Dim]
) -> tuple[Fields, tuple[tuple[Seen, ...], ...]]:
    """The fields of a body's nodes, and what its outputs see; `seen` is what its inputs see."""
    inside: dict[Call, Fields] = {}
    fields: dict[Node, tuple[Field, ...]] = {}
    for node in graph.nodes:
        given = [seen[value] for value in node.inputs]
        if isinstance(node, Call):
            entries = (Value(entry) for entry in node.graph.inputs)
            inside[node], results = _body(node.graph, dict(zip(entries, given, strict=True)), axes, sizes)
        else:
            results = _applied(node, given, axes, sizes)
        for index, sights in enumerate(results):
            seen[Value(node, index)] = sights
        fields[node] = tuple(map(_field, results[0]))
    return Fields(fields, inside), tuple(seen[value] for value in graph.outputs)


def _applied(
    node: Apply, given: list[tuple[Seen, ...]], axes: int, sizes: Mapping[str, Dim]
) -> tuple[tuple[Seen, ...], ...]:
    """What each value of a node sees along each axis of the input."""
    xs = tuple(value.shape.at(sizes) for value in node.inputs)
    ys = tuple(shape.at(sizes) for shape in node.shapes)
    rule = RULES[type(node.op)]
    by_axis = [rule(node.op, xs, ys, tuple(sights[axis] for sights in given)) for axis in range(axes)]
    return tuple(tuple(sights[index] for sights in by_axis) for index in range(len(node.shapes)))


def _field(seen: Seen) -> Field:
    if isinstance(seen, Along):
        return seen.reach.extent
    return seen.extent if isinstance(seen, Scattered) else seen


# ---- how what is seen changes


def _mixed(seen: Seen, axes: Iterable[int]) -> Seen:
    """What is seen by what reads some axes as a whole."""
    if isinstance(seen, Sight) or not _axes(seen) & set(axes):
        return seen
    return Sight.ALL if _axes(seen) <= set(axes) else Sight.UNKNOWN


def _axes(seen: Along | Scattered) -> frozenset[int]:
    return frozenset((seen.axis,)) if isinstance(seen, Along) else seen.axes


def _resampled(seen: Seen, axis: int, places: list[Iterable[int]], step: int) -> Seen:
    """What is seen by what reads some places along an axis."""
    if isinstance(seen, Sight) or axis not in _axes(seen) or (step == 1 and [list(read) for read in places] == [[0]]):
        return seen
    reach = through(seen.reach, places, step) if isinstance(seen, Along) else None
    return Along(axis, reach) if reach else Sight.UNKNOWN


def _moved(seen: Seen, axis: int, by: Dim, step: int = 1) -> Seen:
    """What is seen where place 0 reads the place `by` of an axis."""
    if isinstance(seen, Along) and seen.axis == axis:
        return _resampled(seen, axis, [(by,)], step) if isinstance(by, int) else Sight.UNKNOWN
    if isinstance(seen, Scattered) and axis in seen.axes:
        return Scattered(seen.axes, seen.extent, (seen.form, axis, by, step))
    return seen


def _lost(seen: Seen, axis: int) -> Seen:
    """What is seen by what reads an axis in a way that depends on free sizes."""
    return Sight.UNKNOWN if not isinstance(seen, Sight) and axis in _axes(seen) else seen


def _joined(seen: Iterable[Seen]) -> Seen:
    """What is seen by what takes several values at one place."""
    nothing: Seen = Sight.NOTHING
    return reduce(_pair, seen, nothing)


def _pair(a: Seen, b: Seen) -> Seen:
    if Sight.NOTHING in (a, b):
        return b if a is Sight.NOTHING else a
    if Sight.ALL in (a, b) or (isinstance(a, Along) and isinstance(b, Along) and a.axis != b.axis):
        return Sight.ALL
    if isinstance(a, Along) and isinstance(b, Along):
        reach = union(a.reach, b.reach)
        return Along(a.axis, reach) if reach else Sight.UNKNOWN
    return a if a == b else Sight.UNKNOWN


# ---- the rules, one a way of looking


def _itself(op: Op, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """Each place sees itself."""
    return (seen[0],) * len(ys)


def _across(axes: Callable[[Any, Shape], Iterable[int]]) -> Rule:
    """Some axes are read as a whole, and the shape stays."""

    def rule(op: Op, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
        return (_mixed(seen[0], {axis % xs[0].rank for axis in axes(op, xs[0])}),)

    return rule


def _window(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """A window slides over the spatial axes; a convolution reads all channels."""
    return _pooled(op, xs, ys, (_mixed(seen[0], (1,)),))


def _pooled(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """A window slides over the spatial axes, each channel by itself."""
    result = seen[0]
    for axis, (kernel, stride, padding, dilation) in enumerate(zip(*op.window.values().values(), strict=True), 2):
        places = range(-padding, -padding + dilation * (kernel - 1) + 1, dilation)
        result = _resampled(result, axis, [places], stride)
    return (result,)


def _conv_transpose(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """Output place o reads i wherever o = i · stride - padding + dilation · k for some k of the kernel."""
    result = _mixed(seen[0], (1,))
    sizes = zip(op.kernel, op.stride, op.padding, op.dilation, strict=True)
    for axis, (kernel, stride, padding, dilation) in enumerate(sizes, 2):
        places = [
            [
                (place + padding - dilation * k) // stride
                for k in range(kernel)
                if (place + padding - dilation * k) % stride == 0
            ]
            for place in range(stride)
        ]
        result = _resampled(result, axis, list(places), 1)
    return (result,)


def _adaptive(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """Output place i of m reads from floor(i n / m) to ceil((i + 1) n / m) of n."""
    result = seen[0]
    for axis, (before, after) in enumerate(zip(xs[0].spatial, ys[0].spatial, strict=True), 2):
        if after == 1:
            result = _mixed(result, (axis,))
        elif isinstance(before, int) and isinstance(after, int):
            windows = [range(i * before // after, -(-(i + 1) * before // after)) for i in range(after)]
            result = _resampled(result, axis, list(windows), before)
        else:
            result = _lost(result, axis)
    return (result,)


def _upsample(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    result = seen[0]
    for axis, (scale, size) in enumerate(zip(op.scale, xs[0].spatial, strict=True), 2):
        if op.mode == "nearest" or scale == 1:
            result = _resampled(result, axis, [(0,)] * scale, 1)
        elif not op.align_corners:  # between the pixels around (o + 1/2) / scale - 1/2
            between = [(2 * o + 1 - scale, 2 * scale) for o in range(scale)]
            result = _resampled(result, axis, [(a // b, -(-a // b)) for a, b in between], 1)
        elif isinstance(size, int):  # between the pixels around o (n - 1) / (n scale - 1)
            whole = [(o * (size - 1), size * scale - 1) for o in range(size * scale)]
            result = _resampled(result, axis, [(a // b, -(-a // b)) for a, b in whole], size)
        else:
            result = _lost(result, axis)
    return (result,)


def _pixel_shuffle(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    result = _mixed(seen[0], (1,))
    for axis in (2, 3):
        result = _resampled(result, axis, [(0,)] * op.factor, 1)
    return (result,)


def _pixel_unshuffle(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    result = _mixed(seen[0], (1,))
    for axis in (2, 3):
        result = _resampled(result, axis, [range(op.factor)], op.factor)
    return (result,)


def _pad(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    result = seen[0]
    for axis, (before, _) in enumerate(op.ends, 2):
        result = _moved(result, axis, -before)
    return (result,)


def _slice(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    axis = op.axis % xs[0].rank
    start = op.start if op.start >= 0 else xs[0].dims[axis] + op.start
    return (_moved(seen[0], axis, start, op.step),)


def _parts(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    axis = op.axis % xs[0].rank
    starts: list[Dim] = [0]
    for shape in ys:
        starts.append(starts[-1] + shape.dims[axis])
    return tuple(_moved(seen[0], axis, start) for start in starts[:-1])


def _reduced(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """Axes that are reduced are read as a whole; those behind them move up."""
    gone = {axis % xs[0].rank for axis in op.axes}
    kept = [axis for axis in range(xs[0].rank) if op.keep or axis not in gone]
    return (_renumbered(_mixed(seen[0], gone), kept),)


def _permuted(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    return (_renumbered(seen[0], [axis % xs[0].rank for axis in op.axes]),)


def _renumbered(seen: Seen, order: list[int]) -> Seen:
    """What is seen where the axes of a value have other numbers: axis i was axis `order[i]`."""
    if isinstance(seen, Along):
        return Along(order.index(seen.axis), seen.reach)
    if isinstance(seen, Scattered):
        return Scattered(frozenset(map(order.index, seen.axes)), seen.extent, (seen.form, *order))
    return seen


def _reshaped(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """An axis is still itself if it and those before it keep their sizes; the others share their places."""
    result = seen[0]
    if isinstance(result, Sight):
        return seen
    before, after = xs[0].dims, ys[0].dims
    same = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    if max(_axes(result)) < same:
        return seen
    axes = frozenset(axis for axis in _axes(result) if axis < same) | frozenset(range(same, len(after)))
    extent = _field(result)
    assert isinstance(extent, int)
    return (Scattered(axes, extent, (result, before, after)),)


def _attended(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    return (_mixed(seen[0], (1, 2)),)


def _arithmetic(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """All arms at one place; what a stretched arm sees from its single place is not followed."""
    stretched = (_lost_where_stretched(s, x, ys[0]) for x, s in zip(xs, seen, strict=True))
    return (_joined(stretched),)


def _lost_where_stretched(seen: Seen, x: Shape, y: Shape) -> Seen:
    return reduce(_lost, (axis for axis, dim in enumerate(x.dims) if dim == 1 and y.dims[axis] != 1), seen)


def _concat(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """All arms at one place; along the joined axis a place is one of one arm or of another."""
    axis = op.axis % xs[0].rank
    moving = [s for s in seen if not isinstance(s, Sight)]
    if not any(axis in _axes(s) for s in moving):
        return (_joined(seen),)
    if Sight.ALL in seen or Sight.UNKNOWN in seen:
        return (Sight.ALL if Sight.ALL in seen else Sight.UNKNOWN,)
    extents = [field for field in map(_field, moving) if isinstance(field, int)]
    return (Scattered(frozenset().union(*map(_axes, moving)), max(extents), (seen, xs)),)


def _matmul(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """Rows come from the first arm, columns from the second; what is summed over is read as a whole."""
    rows, columns = xs[0].rank - 2, xs[0].rank - 1
    left, right = _mixed(seen[0], (columns,)), seen[1]
    if op.transpose:
        right = _renumbered(right, [*range(rows), columns, rows])
    return (_joined((left, _mixed(right, (rows,)))),)


def _nothing(op: Any, xs: tuple[Shape, ...], ys: tuple[Shape, ...], seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    return (Sight.NOTHING,)


def _spatial(op: Any, x: Shape) -> Iterable[int]:
    return range(2, x.rank)


_BY_NAME: dict[str, Rule] = {
    **dict.fromkeys(
        (
            *("batch_norm", "relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "mish", "hardswish"),
            *("hardsigmoid", "softplus", "sigmoid", "tanh", "identity", "scale", "dropout", "stochastic_depth"),
            *("random_flip", "random_crop", "random_resized_crop", "color_jitter", "normalize", "embedding"),
        ),
        _itself,
    ),
    "conv": _window,
    "conv_transpose": _conv_transpose,
    **dict.fromkeys(("max_pool", "avg_pool", "lp_pool"), _pooled),
    **dict.fromkeys(("global_avg_pool", "global_max_pool", "adaptive_avg_pool", "adaptive_max_pool"), _adaptive),
    "linear": _across(lambda op, x: (-1,)),
    **dict.fromkeys(("softmax", "log_softmax"), _across(lambda op, x: (op.axis,))),
    "layer_norm": _across(lambda op, x: range(-op.axes, 0)),
    "group_norm": _across(lambda op, x: range(1, x.rank)),
    "instance_norm": _across(_spatial),
    **dict.fromkeys(("local_response_norm", "channel_shuffle"), _across(lambda op, x: (1,))),
    **dict.fromkeys(("flatten", "reshape"), _reshaped),
    "permute": _permuted,
    "slice": _slice,
    **dict.fromkeys(("split", "chunk"), _parts),
    "pad": _pad,
    "upsample": _upsample,
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    **dict.fromkeys(("mean", "max"), _reduced),
    "parameter": _nothing,
    **dict.fromkeys(("add", "mul", "sub"), _arithmetic),
    "concat": _concat,
    "matmul": _matmul,
    "attention": _attended,
}
RULES: Mapping[type[Op], Rule] = {OPS[name]: rule for name, rule in _BY_NAME.items()}
