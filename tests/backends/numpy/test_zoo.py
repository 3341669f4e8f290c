"""The fast kernels on the zoo: float32 inference against the textbook kernels in float64."""

from __future__ import annotations

import numpy as np
import pytest
from support.fast import difference, fill
from support.narrow_zoo import SPECS, image_of, narrow_zoo

import archdsl
from archdsl import Network

BOUND = 2e-6
"""The error of a network as a share of its largest output; measured: below 5e-7, with convolutions by tiles too."""
NARROW = narrow_zoo()
WIDE = {"resnet": "ResNet50", "resnext": "ResNeXt50", "mobilenet": "MobileNetV2"}
"""Networks whose images may be small, with all their channels: the tiles and threads of wide layers."""


@pytest.mark.parametrize("name", NARROW)
def test_fast_kernels_are_as_exact_as_float32_allows(name: str) -> None:
    holds(NARROW[name], image_of(NARROW[name]))


@pytest.mark.parametrize("spec", WIDE)
def test_and_so_they_are_with_all_channels(spec: str) -> None:
    holds(archdsl.load(f"{SPECS}/{spec}.arch:{WIDE[spec]}"), (3, 3, 96, 80))


def test_and_on_the_convolutions_of_vgg() -> None:
    text = (SPECS / "vgg.arch").read_text("utf-8").replace("linear(4096)", "linear(64)")
    holds(archdsl.loads(text.replace("{ expect params == 132_863_336 }", ""), "VGG11"), (1, 3, 224, 224))


def holds(net: Network, shape: tuple[int, ...]) -> None:
    program = fill(net.numpy())
    image = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    assert difference(program(image), program.astype(np.float64)(image)) < BOUND
