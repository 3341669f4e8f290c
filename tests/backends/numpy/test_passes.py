"""The passes that NumPy's inference goes through: each leaves a sound graph, and what they join."""

from __future__ import annotations

from typing import Any

import pytest
from support.places import ROOT

import archdsl
from archdsl.backends.numpy.fuse import INFERENCE, fused
from archdsl.backends.numpy.placed import as_graph
from archdsl.backends.numpy.plan import plan
from archdsl.graph.verify import verify_graph

NETWORKS = ("resnet.arch:ResNet50", "densenet.arch:DenseNet121", "googlenet.arch:GoogLeNet", "vit.arch:ViTBase16")
ON = "network T {{ input image: [N, 8, 9, 9]\n{} }}"


@pytest.mark.parametrize("network", NETWORKS)
def test_each_pass_leaves_a_sound_graph(network: str) -> None:
    graph = as_graph(plan(archdsl.load(ROOT / "specs" / network).graph))
    for rewrite in INFERENCE:
        graph = rewrite(graph)
        verify_graph(graph)


def steps(body: str) -> list[tuple[str, dict[str, Any]]]:
    """The kernels of a network, and what is folded into each."""
    folded = ("norm", "eps", "first", "first_eps", "prologue", "epilogue")
    found = []
    for step in fused(plan(archdsl.loads(ON.format(body)).graph)).steps:
        options = {name: value for name, value in step.call.options.items() if name in folded}
        for name in {"prologue", "epilogue"} & options.keys():
            options[name] = options[name].__name__
        found.append((step.call.kernel.__name__, options))
    return found


def test_what_a_convolution_takes_over() -> None:
    assert steps("conv(8, kernel=1) -> batch_norm(eps=0.1) -> relu6") == [
        ("conv_into", {"norm": "1", "eps": 0.1, "epilogue": "to_relu6"})
    ]
    assert steps("batch_norm -> relu -> conv(8, kernel=1) -> batch_norm -> mish") == [
        ("conv_into", {"first": "0", "prologue": "to_relu", "norm": "3", "epilogue": "to_mish"})
    ]
    assert steps("batch_norm -> tanh -> conv(8, kernel=1)") == [
        ("norm_into", {"epilogue": "to_tanh"}),
        ("conv_into", {}),
    ]


def test_a_sum_is_added_by_the_later_convolution_and_never_to_an_input() -> None:
    one, other = "conv(8, kernel=1) -> batch_norm", "conv(8, kernel=3, padding=1)"
    assert steps(f"add {{ | {one} | {other} }}\nrelu") == [
        ("conv_into", {"norm": "1"}),
        ("conv3x3_into", {"epilogue": "to_relu"}),
    ]
    assert steps(f"add {{ | {one} | identity }}\nrelu")[-1] == ("add_into", {"epilogue": "to_relu"})
    assert [name for name, _ in steps(f"max_pool(1)\nadd {{ | {one} | identity }}")] == ["max_pool_into", "conv_into"]


def test_weights_that_are_shared_are_folded_each_time_anew() -> None:
    body = "shared mix = conv(8, kernel=1)\nmix -> batch_norm -> mix -> relu -> mix"
    assert [options for _, options in steps(body)] == [{"norm": "1"}, {"epilogue": "to_relu"}, {}]


def test_what_begins_with_augmentation_is_as_long_as_what_does_not() -> None:
    assert steps("random_flip -> random_crop(2) -> conv(8, kernel=1) -> dropout(0.5) -> relu") == steps(
        "conv(8, kernel=1) -> relu"
    )
