"""Every network of the zoo: it checks, both backends write it, and with fewer channels it is one function in both."""

from __future__ import annotations

import zlib
from functools import cache
from math import prod
from pathlib import Path

import numpy as np
import pytest
import torch
from support.backends_agree import agree, halves
from support.narrow_zoo import image_of, narrow_zoo
from support.places import TESTS

import archdsl
from archdsl import Network, Report
from archdsl.analyses.cost import macs
from archdsl.analyses.state import state
from archdsl.analyses.tally import total
from archdsl.backends.numpy.plan import plan, sizes_of
from archdsl.graph.nodes import layers
from archdsl.graph.verify import verify_graph
from archdsl.sizes.dim import substitute
from archdsl.sizes.shape import Shape
from archdsl.training import SGD, cross_entropy

torch.set_num_threads(1)

SPECS = TESTS.parent / "specs"
SIZES = {"N": 2, "H": 224, "W": 160}
"""What free sizes stand for here: every network accepts them."""

CONTRACT = {
    "alexnet": ["AlexNet", "AlexNetTaught"],
    "batch_norm": ["LeNetBN"],
    "convnext": ["ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge"],
    "densenet": ["DenseNet121", "DenseNet161", "DenseNet169", "DenseNet201"],
    "googlenet": ["GoogLeNet", "GoogLeNetTaught"],
    "lenet": ["LeNet", "LeNetRelu"],
    "mobilenet": ["MobileNetV2"],
    "nin": ["NiN"],
    "resnet": ["ResNet18", "ResNet34", "ResNet50", "ResNet101", "ResNet152"],
    "resnext": ["ResNeXt50", "ResNeXt101"],
    "squeeze_excite": ["SEResNet18", "SEResNet34"],
    "unet": ["UNet"],
    "vgg": ["VGG11", "VGG13", "VGG16", "VGG19", "VGG11BN", "VGG13BN", "VGG16BN", "VGG19BN"],
    "vit": ["ViTBase16", "ViTLarge16"],
}
"""Names that others rely on: more may be added, these stay."""

PUBLISHED = {
    "AlexNet": (61_100_840, 0.714),
    "ConvNeXtTiny": (28_589_128, 4.456),
    "ConvNeXtSmall": (50_223_688, 8.684),
    "ConvNeXtBase": (88_591_464, 15.355),
    "ConvNeXtLarge": (197_767_336, 34.361),
    "DenseNet121": (7_978_856, 2.834),
    "DenseNet161": (28_681_000, 7.728),
    "DenseNet169": (14_149_480, 3.36),
    "DenseNet201": (20_013_928, 4.291),
    "GoogLeNet": (6_624_904, 1.498),
    "MobileNetV2": (3_504_872, 0.301),
    "ResNet18": (11_689_512, 1.814),
    "ResNet34": (21_797_672, 3.664),
    "ResNet50": (25_557_032, 4.089),
    "ResNet101": (44_549_160, 7.801),
    "ResNet152": (60_192_808, 11.514),
    "ResNeXt50": (25_028_904, 4.23),
    "ResNeXt101": (88_791_336, 16.414),
    "VGG11": (132_863_336, 7.609),
    "VGG13": (133_047_848, 11.308),
    "VGG16": (138_357_544, 15.47),
    "VGG19": (143_667_240, 19.632),
    "VGG11BN": (132_868_840, 7.609),
    "VGG13BN": (133_053_736, 11.308),
    "VGG16BN": (138_365_992, 15.47),
    "VGG19BN": (143_678_248, 19.632),
    "ViTBase16": (86_567_656, 17.564),
    "ViTLarge16": (304_326_632, 61.555),
}
"""Parameters, and thousand million multiply-adds for one image of 224×224, as torchvision's tables have them."""


@cache
def checked(spec: str) -> Report:
    return archdsl.check(SPECS / f"{spec}.arch")


ZOO = {network.name: network for path in sorted(SPECS.glob("*.arch")) for network in checked(path.stem).networks}
every_network = pytest.mark.parametrize("net", ZOO.values(), ids=ZOO.keys())


def sizes(shape: Shape) -> tuple[int, ...]:
    """The sizes of a shape, with numbers in place of symbols."""
    filled = tuple(substitute(dim, SIZES) for dim in shape.dims)
    numbers = tuple(dim for dim in filled if isinstance(dim, int))
    assert len(numbers) == len(filled), f"{shape} has other symbols"
    return numbers


def state_of(module: torch.nn.Module) -> list[tuple[str, tuple[int, ...]]]:
    return [(name, tuple(tensor.shape)) for name, tensor in module.state_dict().items()]


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.arch")), ids=lambda path: path.stem)
def test_specs_check(path: Path) -> None:
    """No spec has an error or a warning, and each has the networks that it is known for."""
    report = checked(path.stem)
    assert [problem for problem in report.problems if problem.problem.severity != "note"] == []
    assert {network.name for network in report.networks} >= set(CONTRACT.get(path.stem, ()))


def test_no_spec_is_missing() -> None:
    assert CONTRACT.keys() <= {path.stem for path in SPECS.glob("*.arch")}


@every_network
def test_the_graph_is_sound(net: Network) -> None:
    """No check infers shapes a second time, so that this is done here."""
    verify_graph(net.graph)


@every_network
def test_torch_gives_the_inferred_shape(net: Network) -> None:
    """The emitted module has the state, the parameters and the output that the checker foresees.

    On the meta device there are shapes and no numbers, so that the largest network takes no longer than the rest.
    """
    compile(net.torch_source(), net.name, "exec")
    with torch.device("meta"):
        module = net.torch().eval()
        output = module(*(torch.empty(sizes(shape)) for shape in net.inputs.values()))
    assert state_of(module) == net.state()
    assert sum(parameter.numel() for parameter in module.parameters()) == net.parameters
    assert tuple(output.shape) == sizes(*net.outputs.values())


@every_network
def test_numpy_has_the_same_state(net: Network) -> None:
    compile(net.numpy_source(), net.name, "exec")
    assert [(name, sizes_of(param)) for name, param in plan(net.graph).params.items()] == net.state()


@every_network
def test_bodies_that_are_counted_once_add_up(net: Network) -> None:
    """Whatever is called again is counted again."""
    assert net.parameters == sum(prod(tensor.shape) for tensor in state(net.graph) if tensor.param.trainable)
    assert macs(net.graph) == total(
        layer.node.op.macs(*(value.shape for value in layer.node.inputs)) for layer in layers(net.graph)
    )


@pytest.mark.parametrize("name", PUBLISHED)
def test_costs_are_those_of_public_tables(name: str) -> None:
    parameters, published = PUBLISHED[name]
    net = ZOO[name]
    cost = substitute(macs(net.graph), {"N": 1, "H": 224, "W": 224})
    assert net.parameters == parameters
    assert isinstance(cost, int)
    assert round(cost / 1e9, 3) == published


NARROW = narrow_zoo()


def test_no_network_is_left_out() -> None:
    assert NARROW.keys() == ZOO.keys()
    assert all(net.parameters <= ZOO[name].parameters for name, net in NARROW.items())


@pytest.mark.parametrize("name", NARROW)
def test_both_backends_are_one_function(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs and the gradients of all parameters and of the image, in training, where what is drawn is the same."""
    net = NARROW[name]
    (image,) = net.inputs
    numbers = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(image_of(net))
    agree(net, {image: numbers}, np.float64, rng=halves(monkeypatch), tolerance=1e-11)


@pytest.mark.parametrize("name", ["AlexNetTaught", "ResNet18", "DenseNet121"])
def test_training_is_told_by_the_seed(name: str) -> None:
    """The same seed and batch give the same bits after two steps, another seed others."""
    net = NARROW[name]
    shape = image_of(net)
    images, labels = np.random.default_rng(0).random(shape, dtype=np.float32), np.arange(shape[0])

    def state(seed: int) -> dict[str, np.ndarray]:
        program = net.numpy(seed)
        descent = SGD(program.parameters(), rate=0.01, momentum=0.9)
        for _ in range(2):
            descent.step(program.backward(cross_entropy(program(images, train=True), labels)[1]))
        return program.state_dict()

    one, same, other = state(3), state(3), state(4)
    assert all(np.array_equal(one[key], same[key]) for key in one)
    assert any(not np.array_equal(one[key], other[key]) for key in one)


def test_a_graph_shows_itself_in_a_line():
    graph = archdsl.load("specs/resnet.arch:ResNet152").graph
    assert repr(graph) == "<network ResNet152: 11 nodes>"
    assert repr(graph.inputs[0]) == "<input image: [N, 3, H, W]>"
    assert repr(graph.nodes[0]) == "<conv1 = conv: [N, 64, ceil(H / 2), ceil(W / 2)]>"
    assert repr(graph.nodes[4].graph.steps[0]) == "<0 = bottleneck: [N, 256, ceil(H / 4), ceil(W / 4)]>"
    assert len(repr(graph.outputs)) < 100
