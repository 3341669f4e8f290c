"""The steps of a network as inference runs them: neutral passes over the graph, then a kernel for each node.

    fused(plan(resnet)).steps[0]      # Step(Call(conv_into, {"norm": "bn1", "epilogue": to_relu, "stride": 2, …}), …)

A convolution of images takes over the batch norm behind it, the value that is added to it, and the activation; and a
batch norm in front of it, with its ReLU, if nothing else needs their result. Which layers take what is said here, since
it is a matter of the fast kernels; `choose.py` says which kernel runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archdsl.backends.numpy.choose import choose, fast_kernel
from archdsl.backends.numpy.placed import Placed, as_graph
from archdsl.backends.numpy.plan import Plan, Step
from archdsl.graph.nodes import Apply, Graph, Input, Value
from archdsl.ops.activation import Relu
from archdsl.ops.fused import FusedConv
from archdsl.passes import Pass, epilogues, fused_layers, norms, sums
from archdsl.passes.noops import remove_noops
from archdsl.passes.unused import remove_unused


def use_fused_layers(graph: Graph) -> Graph:
    """Write the layers that have a fast kernel in their fused forms."""
    return fused_layers.use_fused_layers(graph, _is_fast)


def fold_norms_after(graph: Graph) -> Graph:
    """Fold norms into the convolutions before them; linear layers read their weights as they are."""
    return norms.fold_norms_after(graph, lambda layer: isinstance(layer.op, FusedConv))


def scale_in_norms_place(graph: Graph) -> Graph:
    """Make norms a scale and a shift, for values that the fast kernel takes."""
    return norms.scale_in_norms_place(graph, _is_fast)


def fuse_sums(graph: Graph) -> Graph:
    """Let convolutions add the other arm of a sum. Of two the later one does, since the other's value is there by then;
    what an input of the network holds lies in another order, and is not added so."""
    return sums.fuse_sums(graph, _latest_first)


def fuse_activations(graph: Graph) -> Graph:
    """Let fast kernels apply the activation behind them, whichever it is."""
    return epilogues.fuse_activations(graph, lambda layer, activation: _is_fast(layer))


def norms_as_prologues(graph: Graph) -> Graph:
    """Let convolutions read through a norm, and its ReLU."""
    return norms.norms_as_prologues(graph, lambda conv, activation: isinstance(activation, Relu | None))


INFERENCE: tuple[Pass, ...] = (
    remove_noops,
    use_fused_layers,
    fold_norms_after,
    scale_in_norms_place,
    fuse_sums,
    fuse_activations,
    norms_as_prologues,
    remove_unused,
)


def fused(flat: Plan) -> Plan:
    """The plan for inference, its values numbered anew."""
    graph = as_graph(flat)
    for rewrite in INFERENCE:
        graph = rewrite(graph)
    return _as_plan(flat, graph)


def _as_plan(flat: Plan, graph: Graph) -> Plan:
    """A graph of placed nodes as a plan, its values numbered from the inputs on."""
    numbers = {Value(entry): number for number, entry in enumerate(graph.inputs)}
    given = dict(zip(flat.inputs.values(), numbers.values(), strict=True))
    labels = {given[value]: label for value, label in flat.labels.items() if value in given}
    shapes = [entry.shape for entry in graph.inputs]
    steps: list[Step] = []
    for node in graph.nodes:
        assert isinstance(node, Placed)
        inputs = tuple(numbers[value] for value in node.inputs)
        outputs = tuple(range(len(shapes), len(shapes) + len(node.shapes)))
        numbers.update((Value(node, index), number) for index, number in enumerate(outputs))
        shapes += node.shapes
        labels.update({outputs[0]: node.label} if node.label is not None else {})
        steps.append(Step(choose(node), inputs, outputs, node.place, node.block, node.op))
    outputs_of = {name: numbers[value] for name, value in zip(flat.outputs, graph.outputs, strict=True)}
    return replace(flat, steps=steps, shapes=shapes, labels=labels, outputs=outputs_of)


def _is_fast(layer: Apply) -> bool:
    assert isinstance(layer, Placed)
    return fast_kernel(layer) is not None


def _latest_first(add: Apply) -> Sequence[Value]:
    """The arms of a sum that may be computed by a convolution which adds the other arm."""
    a, *others = add.inputs
    if len(others) != 1:
        return ()
    open_ = [(arm, other) for arm, other in ((a, others[0]), (others[0], a)) if not isinstance(other.node, Input)]
    return [arm for arm, _ in sorted(open_, key=lambda pair: -getattr(pair[0].node, "number", -1))]
