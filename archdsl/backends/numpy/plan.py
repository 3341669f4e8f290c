"""The network as a flat list of kernel calls: blocks opened, layers under their paths, values numbered.

    plan(lenet).steps[0]      # Step(Call(conv, {"padding": 2}), inputs=(0,), outputs=(1,), layer="0", …)

Values are numbered from the inputs on. A layer that is applied again has the path of its first application, and so the
same weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from archdsl.analyses.accepted import demands
from archdsl.analyses.state import state
from archdsl.backends.numpy.kernels import identity
from archdsl.backends.numpy.rules import Call, drawing, lowered
from archdsl.backends.numpy.weights import Input, Tensor
from archdsl.graph import nodes as ir
from archdsl.graph.opened import opened
from archdsl.ops import Op, Param, Params
from archdsl.sizes.dim import symbol
from archdsl.sizes.fact import Fact
from archdsl.sizes.shape import Shape


@dataclass(frozen=True)
class Step:
    """One kernel call of an op. `block` is the number of the block that it stands in, 0 for the network itself."""

    call: Call
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    layer: str
    block: int
    op: Op


@dataclass
class Plan:
    """A flat network, ready to run or to be printed.

    `shapes` and `labels` (the spec's names) are those of values, `params` the parameters and buffers in the order of
    the state dict, `blocks` the path and the name of every call of a block, `conditions` what must hold of the inputs'
    sizes, in words. Sizes that are computed from others stand in them under their text.
    """

    name: str
    doc: str
    inputs: dict[str, int]
    outputs: dict[str, int]
    steps: list[Step] = field(default_factory=list)
    params: Params = field(default_factory=dict)
    shapes: list[Shape] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)
    blocks: list[tuple[str, str]] = field(default_factory=list)
    conditions: dict[str, Fact] = field(default_factory=dict)


def plan(graph: ir.Graph) -> Plan:
    """The kernel calls of a network, in the order of its spec, every pass of a repetition after the other."""
    graph = opened(graph)
    flat = Plan(graph.name, graph.doc, {}, {})
    values = tuple(_new(flat, node.shape) for node in graph.inputs)
    flat.inputs = {node.name: value for node, value in zip(graph.inputs, values, strict=True)}
    flat.outputs = dict(zip(graph.output_names, _open(flat, graph, values, ""), strict=True))
    flat.params = {tensor.name: flat.params[tensor.name] for tensor in state(graph)}
    flat.conditions = {**_computed(graph), **{str(fact): fact for fact in demands(graph)}}
    return flat


def _computed(graph: ir.Graph) -> dict[str, Fact]:
    """The sizes of inputs that follow from other sizes: axis 2 of [N, 3, 2 * H, W] is what 2 * H is."""
    return {
        f"axis {axis} of {entry.name} == {size}": Fact(symbol(str(size)), "==", size)
        for entry in graph.inputs
        for axis, size in enumerate(entry.shape.dims)
        if not isinstance(size, int) and size != symbol(str(size))
    }


def last_uses(flat: Plan) -> list[tuple[int, ...]]:
    """For each step, the values that nothing needs after it."""
    seen = set(flat.outputs.values())
    dead: list[tuple[int, ...]] = []
    for step in reversed(flat.steps):
        last = tuple(value for value in dict.fromkeys((*step.inputs, *step.outputs)) if value not in seen)
        seen.update(last)
        dead.append(last)
    return dead[::-1]


def input_of(shape: Shape) -> Input:
    """What the runtime checks of an input: sizes that are not fixed stand as their text."""
    return Input(tuple(dim if isinstance(dim, int) else str(dim) for dim in shape.dims), shape.kind == "int")


def tensor_of(param: Param) -> Tensor:
    """What the runtime makes of a parameter or a buffer."""
    draw, facts = drawing(param.init)
    return Tensor(sizes_of(param), draw(*facts), param.trainable, param.kind == "int")


def sizes_of(param: Param) -> tuple[int, ...]:
    """The sizes of a parameter, which are all known once a network has passed the checks."""
    sizes = tuple(dim for dim in param.shape if isinstance(dim, int))
    assert len(sizes) == len(param.shape), f"a parameter of free size {param.shape}"
    return sizes


def _open(flat: Plan, graph: ir.Graph, inputs: tuple[int, ...], path: str) -> tuple[int, ...]:
    """Lay out the nodes of a body that gets these values; the values that it leaves."""
    block = len(flat.blocks)
    flat.blocks.append((path, graph.name))
    env = {ir.Value(node): value for node, value in zip(graph.inputs, inputs, strict=True)}
    for node in graph.nodes:
        given = tuple(env[value] for value in node.inputs)
        if isinstance(node, ir.Call):
            left = _open(flat, node.graph, given, _join(path, node.key))
        else:
            left = _apply(flat, node, given, block)
        if node.label and len(left) == 1:
            flat.labels[left[0]] = node.label
        env.update((ir.Value(node, index), value) for index, value in enumerate(left))
    return tuple(env[value] for value in graph.outputs)


def _apply(flat: Plan, node: ir.Apply, given: tuple[int, ...], block: int) -> tuple[int, ...]:
    """Append the kernel call of a node; what passes its value through needs none."""
    shapes = [flat.shapes[value] for value in given]
    call = lowered(node)
    if call.kernel is identity:
        return given
    own = node.op.params(*shapes)
    layer = _join(flat.blocks[block][0], node.key or "") if own else ""
    assert layer or not own, f"{node.op.name} owns weights, and has no key"
    for name, param in own.items():
        flat.params.setdefault(_join(layer, name), param)
    outputs = tuple(_new(flat, shape) for shape in node.shapes)
    flat.steps.append(Step(call, given, outputs, layer, block, node.op))
    return outputs


def _new(flat: Plan, shape: Shape) -> int:
    flat.shapes.append(shape)
    return len(flat.shapes) - 1


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path and key else path or key
