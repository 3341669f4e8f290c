"""Networks of the zoo against graphs that others have exported: the light models in ONNX's own tests.

They are whole networks whose weights are constants: AlexNet, DenseNet-121, two Inceptions, ResNet-50, ShuffleNet,
SqueezeNet, VGG-19 and ZFNet, from Caffe and Caffe2. Layer by layer their weights, windows, groups and output shapes are
compared with ours, then all other values, the parameters and the multiply-adds. Where the zoo follows the public torch
definitions, which differ, what differs is listed; specs in `light/` are written after the ONNX graphs themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.places import TESTS

onnx = pytest.importorskip("onnx")

import archdsl  # noqa: E402
from archdsl.analyses.cost import macs  # noqa: E402
from archdsl.graph.nodes import layers  # noqa: E402

SPECS = TESTS.parent / "specs"
MODELS = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"

KINDS = {
    "AveragePool": "avg_pool",
    "BatchNormalization": "batch_norm",
    "Concat": "concat",
    "Conv": "conv",
    "Dropout": "dropout",
    "Gemm": "linear",
    "GlobalAveragePool": "global_avg_pool",
    "LRN": "local_response_norm",
    "MaxPool": "max_pool",
    "Relu": "relu",
    "Softmax": "softmax",
    "Sum": "add",
}
"""What we call the operators of these graphs."""

SCALE = {"Unsqueeze", "Mul", "Add"}
"""Caffe's batch norm has no learned scale and shift: a layer of its own follows. As ONNX, it is these operators."""
FORM = {"ConstantOfShape", "Reshape", "Transpose", "flatten", "channel_shuffle", "pad"}
"""What makes weights, or moves values without computing any."""

Sizes = tuple[int, ...]
Values = Counter[tuple[str, Sizes]]


class Learned(NamedTuple):
    """A convolution or a linear layer, whose stride, padding and groups stay empty."""

    kind: str
    weight: Sizes
    bias: bool
    output: Sizes
    stride: Sizes = ()
    padding: Sizes = ()
    groups: int = 1

    @property
    def channels(self) -> int:
        return self.weight[0]

    @property
    def window(self) -> Sizes:
        return self.weight[2:]


class Model(NamedTuple):
    """A network: its convolutions and linear layers in order, how often each other value occurs, and its costs."""

    learned: list[Learned]
    others: Values
    parameters: int
    macs: int

    @property
    def convs(self) -> list[Learned]:
        return [layer for layer in self.learned if layer.kind == "conv"]


@cache
def exported(name: str) -> Model:
    """A light model; costs are counted here, from its shapes."""
    model = onnx.shape_inference.infer_shapes(onnx.load(MODELS / f"light_{name}.onnx"), strict_mode=True)
    graph = model.graph
    shapes = {value.name: sizes_of(value) for value in (*graph.input, *graph.value_info, *graph.output)}
    learned: list[Learned] = []
    others: Values = Counter()
    parameters = 0
    for node in graph.node:
        if node.op_type in SCALE | FORM:
            continue
        kind, output = KINDS[node.op_type], shapes[node.output[0]]
        if kind == "batch_norm":
            parameters += sum(prod(shapes[weight]) for weight in node.input[1:3])
        if kind in ("conv", "linear"):
            weights = [shapes[weight] for weight in node.input[1:]]
            parameters += sum(map(prod, weights))
            learned.append(Learned(kind, weights[0], len(weights) == 2, output, *windows(node, kind)))
        else:
            others[kind, output] += 1
    assert Counter(node.op_type for node in graph.node)["Mul"] in (0, count(others, "batch_norm"))
    return Model(learned, others, parameters, sum(prod(layer.output) * prod(layer.weight[1:]) for layer in learned))


def sizes_of(value: Any) -> Sizes:
    return tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)


def windows(node: Any, kind: str) -> Iterable[Any]:
    """Stride, padding and groups of a convolution."""
    facts = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
    if kind == "linear":
        assert facts["transB"] == 1
        return ()
    before, after = facts.get("pads", [0, 0, 0, 0])[:2], facts.get("pads", [0, 0, 0, 0])[2:]
    assert before == after
    assert set(facts.get("dilations", [1])) == {1}
    return tuple(facts["strides"]), tuple(before), facts.get("group", 1)


def ours(target: Path, channels: int = 3, **settings: object) -> Model:
    """One of our networks, for one image."""
    net = archdsl.load(target, sizes={"image": (1, channels, 224, 224)}, **settings)
    learned: list[Learned] = []
    others: Values = Counter()
    for _, node in layers(net.graph):
        op, output = node.op, numbers(node.shapes[0].dims)
        params = op.params(*(value.shape for value in node.inputs))
        weight = numbers(params["weight"].shape) if op.name in ("conv", "linear") else ()
        if op.name == "conv":
            assert set(op.dilation) == {1}
            learned.append(Learned("conv", weight, op.bias, output, op.stride, op.padding, op.groups))
        elif op.name == "linear":
            learned.append(Learned("linear", weight, op.bias, output))
        elif op.name not in FORM | {"identity"}:
            others[op.name, output] += 1
    cost = macs(net.graph)
    assert isinstance(cost, int)
    return Model(learned, others, net.parameters, cost)


def numbers(dims: Iterable[Any]) -> Sizes:
    """Sizes that are all known."""
    found = tuple(dims)
    assert all(isinstance(dim, int) for dim in found)
    return found


def count(values: Values, kind: str) -> int:
    return sum(number for (name, _), number in values.items() if name == kind)


PROBABILITIES: Values = Counter({("softmax", (1, 1000)): 1})
"""The exported networks end in probabilities, those of the zoo before."""

SAME: dict[str, tuple[Path, Values, Values]] = {
    "bvlc_alexnet": (TESTS / "light" / "bvlc_alexnet.arch", Counter(), Counter()),
    "inception_v1": (TESTS / "light" / "inception_v1.arch", Counter(), Counter()),
    "inception_v2": (TESTS / "light" / "inception_v2.arch", Counter(), Counter()),
    "resnet50": (
        SPECS / "resnet.arch:ResNet50",
        PROBABILITIES + Counter({("avg_pool", (1, 2048, 1, 1)): 1}),
        Counter({("global_avg_pool", (1, 2048, 1, 1)): 1}),
    ),
    "shufflenet": (TESTS / "light" / "shufflenet.arch", Counter(), Counter()),
    "squeezenet": (TESTS / "light" / "squeezenet.arch", Counter(), Counter()),
    "vgg19": (
        SPECS / "vgg.arch:VGG19",
        PROBABILITIES,
        Counter({("adaptive_avg_pool", (1, 512, 7, 7)): 1}),
    ),
    "zfnet512": (TESTS / "light" / "zfnet512.arch", Counter(), Counter()),
}
"""Networks with the same learned layers; then the values that only theirs have, and those that only ours have."""


@pytest.mark.parametrize("name", SAME)
def test_the_same_network(name: str) -> None:
    target, only_theirs, only_ours = SAME[name]
    mine, theirs = ours(target), exported(name)
    assert mine.learned == theirs.learned
    assert mine.others - theirs.others == only_ours
    assert theirs.others - mine.others == only_theirs
    assert mine.parameters == theirs.parameters
    assert mine.macs == theirs.macs


def test_densenet121_classifies_by_a_linear_layer() -> None:
    """The exported network classifies by a 1×1 convolution over an image of one pixel; all else is equal."""
    mine, theirs = ours(SPECS / "densenet.arch:DenseNet121"), exported("densenet121")
    assert mine.learned[:-1] == theirs.learned[:-1]
    assert theirs.learned[-1] == Learned("conv", (1000, 1024, 1, 1), True, (1, 1000, 1, 1), (1, 1), (0, 0))
    assert mine.learned[-1] == Learned("linear", (1000, 1024), True, (1, 1000))
    assert mine.others == theirs.others
    assert (mine.parameters, mine.macs) == (theirs.parameters, theirs.macs)


def test_alexnet_has_one_tower() -> None:
    """The public torch network is the later one with a single tower; the exported one has the paper's two.

    Equal: every window and stride, all padding but the first, the whole classifier. Different: the first convolution is
    padded, so sizes are 55, 27, 13 and not 54, 26, 12; four of the five have other channels; no groups; no response
    norm.
    """
    mine, theirs = ours(SPECS / "alexnet.arch:AlexNet"), exported("bvlc_alexnet")
    assert [(c.window, c.stride, c.bias) for c in mine.convs] == [(c.window, c.stride, c.bias) for c in theirs.convs]
    assert [c.padding for c in mine.convs[1:]] == [c.padding for c in theirs.convs[1:]]
    assert mine.learned[5:] == theirs.learned[5:]

    assert [c.padding for c in (mine.convs[0], theirs.convs[0])] == [(2, 2), (0, 0)]
    assert [c.output[2] for c in mine.convs] == [55, 27, 13, 13, 13]
    assert [c.output[2] for c in theirs.convs] == [54, 26, 12, 12, 12]
    assert [c.channels for c in mine.convs] == [64, 192, 384, 256, 256]
    assert [c.channels for c in theirs.convs] == [96, 256, 384, 384, 256]
    assert [c.groups for c in mine.convs] == [1, 1, 1, 1, 1]
    assert [c.groups for c in theirs.convs] == [1, 2, 1, 2, 2]
    assert [count(model.others, "local_response_norm") for model in (mine, theirs)] == [0, 2]
    assert (mine.parameters, theirs.parameters) == (61_100_840, 60_965_224)
    assert (mine.macs, theirs.macs) == (714_188_480, 654_560_384)


def test_alexnet_as_taught_has_the_sizes_of_two_towers() -> None:
    """Equal: channels and sizes of every convolution. Different: one input channel, no groups, the last pooling."""
    mine, theirs = ours(SPECS / "alexnet.arch:AlexNetTaught", channels=1, classes=1000), exported("bvlc_alexnet")
    for own, other, inputs in zip(mine.convs, theirs.convs, [3, 1, 1, 1, 1], strict=True):
        assert own._replace(weight=other.weight, groups=other.groups) == other
        assert own.weight[1] * inputs == other.weight[1] * other.groups
    assert mine.learned[6:] == theirs.learned[6:]
    assert mine.learned[5].weight == (4096, 256 * 5 * 5)
    assert theirs.learned[5].weight == (4096, 256 * 6 * 6)


def test_googlenet_has_batch_norm_and_smaller_windows() -> None:
    """The public torch network against the exported one, which is the paper's.

    Equal: channels in and out of all 57 convolutions, every stride, the classifier. Different: the nine 5×5 windows are
    3×3; batch norm in place of each bias; pooling rounds up, so sizes are 56, 28, 14, 7 and not 55, 27, 13, 6.
    """
    mine, theirs = ours(SPECS / "googlenet.arch:GoogLeNet"), exported("inception_v1")
    assert len(mine.convs) == len(theirs.convs) == count(mine.others, "batch_norm") == 57
    rounded = {112: 112, 55: 56, 27: 28, 13: 14, 6: 7}
    for own, other in zip(mine.convs, theirs.convs, strict=True):
        assert own.weight[:2] == other.weight[:2]
        assert own.stride == other.stride
        assert own.output == (1, other.channels, *(rounded[size] for size in other.output[2:]))
        assert own.window == ((3, 3) if other.window == (5, 5) else other.window)
        assert own.padding == ((1, 1) if other.window == (5, 5) else other.padding)
        assert (own.bias, other.bias) == (False, True)
    assert mine.learned[-1] == theirs.learned[-1]

    norms = sum(layer.channels for layer in theirs.convs)  # a scale more: the shift stands for the bias
    windows = sum(prod(layer.weight[:2]) * (25 - 9) for layer in theirs.convs if layer.window == (5, 5))
    assert mine.parameters == theirs.parameters + norms - windows
    assert (mine.parameters, theirs.parameters) == (6_624_904, 6_998_552)
    assert (mine.macs, theirs.macs) == (1_498_376_192, 1_431_556_352)


def test_googlenet_as_taught_has_the_modules_of_the_paper() -> None:
    """Equal: every convolution but for sizes, and the classifier. Different: one input channel, images of 96×96."""
    net = archdsl.load(SPECS / "googlenet.arch:GoogLeNetTaught", classes=1000)
    mine = [layer.node for layer in layers(net.graph) if layer.node.op.name in ("conv", "linear")]
    theirs = exported("inception_v1").learned
    weights = [numbers(node.op.params(node.inputs[0].shape)["weight"].shape) for node in mine]
    assert weights == [(64, 1, 7, 7), *(layer.weight for layer in theirs[1:])]
    own = [(node.op.stride, node.op.padding, node.op.bias) for node in mine[:-1]]
    assert own == [(layer.stride, layer.padding, layer.bias) for layer in theirs[:-1]]


def test_no_model_is_left_out() -> None:
    assert {path.stem.removeprefix("light_") for path in MODELS.glob("*.onnx")} <= {*SAME, "densenet121"}
