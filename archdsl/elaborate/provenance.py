"""How a value got its shape: the last stages before it, for the notes of a diagnostic.

Takes a value and the module that it stands in, walks the graph backwards, returns a line. Stages that keep the shape
(relu, batch_norm) are left out; a join ends the walk, since several ways lead to it.
"""

from __future__ import annotations

from archdsl.elaborate.module import ModuleBuilder
from archdsl.graph.nodes import Apply, Call, Input, Node, Repeat, Value
from archdsl.sizes.shape import Shape

MOST = 3


def provenance(value: Value | None, module: ModuleBuilder) -> tuple[str, ...]:
    """A note on the last stages that changed the shape, or none where there is no stage before.

    provenance(pooled, module)
    # ("the value: image [N, 3, 32, 32] -> conv [N, 8, 30, 30] -> max_pool [N, 8, 15, 15]",)
    """
    steps: list[str] = []
    while value is not None and len(steps) <= MOST:
        before, around = _before(value, module)
        if before is None or before.shape != value.shape:
            steps.append(f"{_called(value.node, module)} {value.shape}")
        value, module = before, around
    if len(steps) < 2:
        return ()
    more = "… -> " if value is not None else ""
    return (f"the value: {more}{' -> '.join(reversed(steps))}",)


def channels_last(value: Value | None, module: ModuleBuilder) -> tuple[str, ...]:
    """A note where a value goes back to an image that looks as if its channels came last: [N, 28, 28, 1]."""
    while value is not None:
        before, around = _before(value, module)
        if before is None:
            break
        value, module = before, around
    found = channels_first(value.shape) if value is not None and isinstance(value.node, Input) else None
    return (f"the channels of an image come first: {value.shape} should be {found}",) if value and found else ()


def channels_first(shape: Shape) -> Shape | None:
    """The shape that was meant, where the last axis looks like the channels of an image."""
    dims = shape.dims
    if len(dims) != 4 or dims[3] not in (1, 3) or not all(isinstance(size, int) and size > 7 for size in dims[1:3]):
        return None
    return Shape((dims[0], dims[3], dims[1], dims[2]))


def origin(value: Value, axis: int) -> str:
    """The name of the block that made an axis of a value as it is; empty where no block did.

    origin(pooled, 1)      # "inception": pooling keeps the channels
    """
    around: dict[Node, Value] = {}
    """What the inputs of repetitions stand for."""
    while True:
        node = value.node
        if node in around:
            value = around[node]
            continue
        if isinstance(node, Repeat):
            around.update(zip(node.graph.inputs, node.inputs, strict=True))
            value = node.graph.outputs[0]
            continue
        if isinstance(node, Call):
            if node.graph.kind == "block":
                return node.graph.name
            value = node.graph.outputs[value.index]
            continue
        if not isinstance(node, Apply) or len(node.inputs) != 1 or (axis == 1 and "channels" in node.op.attributes()):
            return ""
        before = node.inputs[0]
        if before.shape.dims[axis : axis + 1] != value.shape.dims[axis : axis + 1]:
            return ""
        value = before


def _before(value: Value, module: ModuleBuilder) -> tuple[Value | None, ModuleBuilder]:
    """The value that a stage was given, and its module: groups are given what stands before them."""
    node = value.node
    if not isinstance(node, Input):
        return (node.inputs[0] if len(node.inputs) == 1 else None), module
    captured = next((outer for outer, entry in module.captured.items() if entry is node), None)
    if captured is None or module.outer is None:
        return None, module
    return captured, module.outer


def _called(node: Node, module: ModuleBuilder) -> str:
    """A stage as the spec calls it: by its name if it has one, else by its op or block."""
    if isinstance(node, Input):
        return "in" if module.kind == "block" and node is module.inputs[0] and node.name == "x" else node.name
    if isinstance(node, Repeat):
        return "repeat"
    return node.label or (node.op.name if isinstance(node, Apply) else node.graph.name or "{ … }")
