"""The zoo's public networks are those of torchvision: their parameters, their state, and what they compute.

`reference/*.json` holds, for each network, what the definitions of torchvision 0.28.0 have: the number of parameters,
name and shape of every tensor of the state dict in order, and the outputs for two images, computed in float64 with
weights that are drawn from the names (`reference/fill.py`).
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from reference.fill import fill, picture
from support.places import TESTS

import archdsl
from archdsl.backends.numpy.program import Program

torch.set_num_threads(1)

SPECS = TESTS.parent / "specs"
NETWORKS = {
    "alexnet": "alexnet.arch:AlexNet",
    "vgg11": "vgg.arch:VGG11",
    "vgg16": "vgg.arch:VGG16",
    "vgg16_bn": "vgg.arch:VGG16BN",
    "googlenet": "googlenet.arch:GoogLeNet",
    "resnet18": "resnet.arch:ResNet18",
    "resnet34": "resnet.arch:ResNet34",
    "resnet50": "resnet.arch:ResNet50",
    "resnet152": "resnet.arch:ResNet152",
    "densenet121": "densenet.arch:DenseNet121",
    "densenet161": "densenet.arch:DenseNet161",
    "convnext_tiny": "convnext.arch:ConvNeXtTiny",
}
TOLERANCE = 1e-5
"""How far float32 may be off: the largest difference, as a share of the largest output; measured: below 1e-6."""
EXACT = 1e-7
"""The same for float64: the outputs are written with eight digits; measured: below 5e-8."""
APART = 0.01
"""How far float64 may be off in what tells the two images apart; measured: 7e-3 in GoogLeNet, else below 3e-4."""

State = list[tuple[str, tuple[int, ...]]]


class Reference(NamedTuple):
    """What the public definition of a network has."""

    parameters: int
    state: State
    image: np.ndarray
    output: np.ndarray


def reference(name: str) -> Reference:
    facts = json.loads((TESTS / "reference" / f"{name}.json").read_text())
    state = [(tensor, tuple(shape)) for tensor, shape in facts["state"]]
    image = picture(tuple(facts["input"]), facts["input_seed"])
    return Reference(facts["parameters"], state, image, np.array(facts["output"]))


def load(name: str) -> archdsl.Network:
    return archdsl.load(SPECS / NETWORKS[name])


def weights_of(state: State) -> dict[str, np.ndarray]:
    return {name: fill(name, shape) for name, shape in state}


def state_of(arrays: Any) -> State:
    return [(name, tuple(array.shape)) for name, array in arrays.items()]


def difference(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference, as a share of the largest value."""
    assert got.shape == wanted.shape
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


def by_torch(net: archdsl.Network, weights: dict[str, np.ndarray], image: np.ndarray) -> np.ndarray:
    """What the torch module computes in evaluation, in the image's precision."""
    given = torch.from_numpy(image)
    module = net.torch().eval().to(given.dtype)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    with torch.no_grad():
        output = module(given)
    assert isinstance(output, torch.Tensor)
    return output.numpy()


def by_numpy(net: archdsl.Network, weights: dict[str, np.ndarray], image: np.ndarray) -> np.ndarray:
    """What the NumPy program computes in inference, in the image's precision."""
    program = Program(net.graph, dtype=image.dtype)
    assert state_of(program.state_dict()) == net.state()
    program.load_state_dict(weights)
    output = program(image)
    assert isinstance(output, np.ndarray)
    assert output.dtype == image.dtype
    return output


@pytest.mark.parametrize("name", NETWORKS)
def test_state(name: str) -> None:
    """As many parameters, and the same names, order and shapes."""
    wanted = reference(name)
    net = load(name)
    with torch.device("meta"):
        module = net.torch()
    assert net.parameters == wanted.parameters
    assert net.state() == wanted.state
    assert state_of(module.state_dict()) == wanted.state
    assert sum(parameter.numel() for parameter in module.parameters()) == wanted.parameters


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs(name: str) -> None:
    """With the same weights, both backends give the public network's outputs."""
    wanted = reference(name)
    net = load(name)
    weights = weights_of(wanted.state)
    assert difference(by_numpy(net, weights, wanted.image), wanted.output) < TOLERANCE
    assert difference(by_torch(net, weights, wanted.image), wanted.output) < TOLERANCE


@pytest.mark.parametrize("name", ["googlenet", "resnet50", "densenet121"])
def test_outputs_in_double_precision(name: str) -> None:
    """What float32 leaves open is rounding and nothing else: float64 agrees to the last digit that is written.

    Batch norm with these weights makes the outputs for two images nearly equal: in GoogLeNet they differ by 2e-6 of the
    largest output, less than a float32 comparison sees. So their difference is compared by itself.
    """
    wanted = reference(name)
    net = load(name)
    weights = weights_of(wanted.state)
    image = wanted.image.astype(np.float64)
    for output in (by_numpy(net, weights, image), by_torch(net, weights, image)):
        assert difference(output, wanted.output) < EXACT
        assert difference(output[0] - output[1], wanted.output[0] - wanted.output[1]) < APART


SLIPS = {
    "another epsilon": ("googlenet", {"batch_norm(eps=0.001)": "batch_norm"}),
    "another window": ("googlenet", {"max_pool(2, ceil=true)": "max_pool(3, stride=2, ceil=true)"}),
    "a stride in the 1×1": (
        "resnet50",
        {
            "* groups, kernel=1,": "* groups, kernel=1, stride=stride,",
            "kernel=3, stride=stride, padding=1, groups": "kernel=3, padding=1, groups",
        },
    ),
    "another pooling": ("densenet121", {"avg_pool(2)": "max_pool(2)"}),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_that_keeps_names_and_shapes_shows(slip: str) -> None:
    """Equal names don't prove equal outputs, and the outputs tell."""
    name, changes = SLIPS[slip]
    wanted = reference(name)
    file, _, network = NETWORKS[name].partition(":")
    text = (SPECS / file).read_text()
    for public, other in changes.items():
        assert public in text
        text = text.replace(public, other)
    net = archdsl.loads(text, network)
    assert net.state() == wanted.state
    output = by_torch(net, weights_of(wanted.state), wanted.image)
    assert difference(output, wanted.output) > 10 * TOLERANCE
