"""Horizontal fusion: parallel 1×1 convolutions of one value, as at the head of an Inception module."""

from __future__ import annotations

from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.ops.cut import Split
from archdsl.ops.fused import FusedConv, FusedLinear, FusedNorm, Part, Parts
from archdsl.passes.bodies import Changed, alone, in_every_body, moved, rebuilt
from archdsl.record import replace
from archdsl.sizes.shape import Shape


def fuse_horizontally(graph: Graph) -> Graph:
    """Compute the 1×1 convolutions that read one value in one, which reads it once, and split what it leaves.

        a = conv(x, 64, kernel=1)          joined = conv(x, 80, kernel=1)
        b = conv(x, 16, kernel=1)    ->    a, b = split(joined, [64, 16])

    Blocks that begin so are opened, if all their weights belong to fused layers, whose recipes can name them.
    """
    return in_every_body(graph, lambda body: _joined(_opened(body)))


def _opened(graph: Graph) -> Graph:
    """The body with those calls opened whose convolutions can be joined with others."""
    free = alone(graph)
    heads: dict[tuple[Value, object], list[Apply | Call]] = {}
    for node in graph.nodes:
        form = _form(_head(node)) if node in free else None
        if form is not None:
            heads.setdefault((node.inputs[0], form), []).append(node)
    wanted = {node for nodes in heads.values() if len(nodes) > 1 for node in nodes}

    def change(node: Apply | Call, inputs: tuple[Value, ...]) -> Changed:
        if node not in wanted or not isinstance(node, Call):
            return moved(node, inputs)
        return tuple(_inlined(node, inputs, node.key, taken))

    taken = {node.key for node in graph.nodes if node.key is not None}
    return rebuilt(graph, change)


def _head(node: Apply | Call) -> Apply | None:
    """The layer that reads the one input of a node, and nothing else does; itself if it is a layer."""
    if isinstance(node, Apply):
        return node
    inner = node.graph
    readers = [child for child in inner.nodes if Value(inner.inputs[0]) in child.inputs]
    is_simple = len(inner.inputs) == len(inner.outputs) == len(readers) == 1
    return _head(readers[0]) if is_simple and _is_open(inner) else None


def _is_open(graph: Graph) -> bool:
    """Whether a body's layers can be moved into another: each is applied once and can say where its weights are."""
    if len(alone(graph)) < len(graph.nodes) or graph.outputs != (Value(graph.nodes[-1]),):
        return False
    return all(
        _is_open(node.graph)
        if isinstance(node, Call)
        else isinstance(node.op, FusedConv | FusedLinear | FusedNorm) or not node.op.params(*_shapes(node))
        for node in graph.nodes
    )


def _shapes(node: Apply) -> list[Shape]:
    return [value.shape for value in node.inputs]


def _form(layer: Apply | None) -> object | None:
    """What joined convolutions have in common; None for a layer that can't be joined."""
    if layer is None or not isinstance(layer.op, FusedConv) or layer.op.adds or layer.op.groups > 1:
        return None
    op = layer.op
    if any(size != 1 for size in op.kernel) or any(op.padding) or not isinstance(op.channels, int):
        return None
    return op.stride, op.activation


def _inlined(call: Call, inputs: tuple[Value, ...], path: str, taken: set[str]) -> list[Apply]:
    """The layers of a call, blocks in it opened too, under names of their own; the last one leaves its value."""
    values: dict[Value, Value] = dict(zip(map(Value, call.graph.inputs), inputs, strict=True))
    nodes: list[Apply] = []
    for node in call.graph.nodes:
        given = tuple(values[value] for value in node.inputs)
        inner = f"{path}.{node.key}"
        made = _inlined(node, given, inner, taken) if isinstance(node, Call) else [_renamed(node, given, path, taken)]
        nodes += made
        values.update((Value(node, index), Value(made[-1], index)) for index in range(len(node.shapes)))
    return nodes


def _renamed(node: Apply, inputs: tuple[Value, ...], path: str, taken: set[str]) -> Apply:
    """A layer as it stands in the outer body: a new key, and a recipe that names its weights from there."""
    if node.key is None:
        return replace(node, inputs=inputs)
    key = _new(f"{path}.{node.key}".replace(".", "_"), taken)
    if not isinstance(node.op, FusedConv | FusedLinear | FusedNorm):
        return replace(node, inputs=inputs, key=key, label=None)
    parts = tuple(_moved(part, path) for part in _parts(node))
    return replace(node, op=replace(node.op, parts=parts), inputs=inputs, key=key, label=None)


def _parts(node: Apply) -> Parts:
    """The recipe of a fused layer's weights, spelt out."""
    assert isinstance(node.op, FusedConv | FusedLinear | FusedNorm)
    return node.op.parts or (Part(node.key or "", not isinstance(node.op, FusedNorm) and node.op.bias),)


def _new(key: str, taken: set[str]) -> str:
    """The key, with as many underscores as make it new; it is taken from now on."""
    while key in taken:
        key += "_"
    taken.add(key)
    return key


def _moved(part: Part, path: str) -> Part:
    norms = {
        name: norm and replace(norm, layer=f"{path}.{norm.layer}")
        for name, norm in (("after", part.after), ("before", part.before))
    }
    return replace(part, layer=part.layer and f"{path}.{part.layer}", **norms)


def _joined(graph: Graph) -> Graph:
    free = alone(graph)
    heads: dict[tuple[Value, object], list[Apply]] = {}
    for node in graph.nodes:
        form = _form(node) if isinstance(node, Apply) and node in free else None
        if form is not None and isinstance(node, Apply):
            heads.setdefault((node.inputs[0], form), []).append(node)
    groups = [nodes for nodes in heads.values() if len(nodes) > 1]
    first: dict[Apply | Call, list[Apply]] = {nodes[0]: nodes for nodes in groups}
    taken = {node.key for node in graph.nodes if node.key is not None}
    pieces: dict[Apply | Call, Value] = {}
    later = {node for nodes in groups for node in nodes[1:]}

    def change(node: Apply | Call, inputs: tuple[Value, ...]) -> Changed:
        if node in later:
            return pieces[node]
        if node not in first:
            return moved(node, inputs)
        conv, split = _together(first[node], inputs, _new("joined", taken))
        pieces.update((each, Value(split, index)) for index, each in enumerate(first[node]))
        return conv, split

    return rebuilt(graph, change)


def _together(nodes: list[Apply], inputs: tuple[Value, ...], key: str) -> tuple[Apply, Apply]:
    """One convolution for several, and the split of its output."""
    ops = [node.op for node in nodes if isinstance(node.op, FusedConv)]
    channels = tuple(op.channels for op in ops if isinstance(op.channels, int))
    parts = tuple(part for node in nodes for part in _parts(node))
    op = replace(ops[0], channels=sum(channels), parts=parts, bias=any(op.bias for op in ops))
    shape = nodes[0].shapes[0].with_channels(sum(channels))
    conv = Apply(op, inputs, (shape,), key, span=nodes[0].span)
    split = Apply(Split(channels), (Value(conv),), tuple(node.shapes[0] for node in nodes))
    return conv, split
