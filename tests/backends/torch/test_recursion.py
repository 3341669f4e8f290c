"""Blocks that call themselves: one class, which is handed the instance inside of it, and computes the same."""

from __future__ import annotations

import numpy as np
import pytest

import archdsl

torch = pytest.importorskip("torch")

from support.backends_agree import agree  # noqa: E402

LEVEL = """
block level(depth, channels) {
    conv(channels, kernel=3, padding=1) -> relu
    if depth > 0 {
        concat {
            | identity
            | max_pool(2) -> below = level(depth - 1, 2 * channels) -> upsample(2)
        }
        conv(channels, kernel=1)
    }
}
"""


def network(stages: str) -> str:
    return f"""
network Net {{
    input x: [N, 2, 16, 16]
    {stages}
}}
"""


SPECS = {
    "no level below": LEVEL + network("level(0, 3)"),
    "one": LEVEL + network("level(1, 3)"),
    "several": LEVEL + network("level(3, 2)"),
    "two of different depth": LEVEL + network("left = level(2, 2) -> relu -> right = level(3, 1) -> level(1, 4)"),
    "handed on by a block": """
        block unit(depth) { add { | conv(4, kernel=1) | net = level(depth, 2) -> conv(4, kernel=1) } }"""
    + LEVEL
    + network("unit(3) -> unit(2)"),
    "deeper than brackets nest": """
        block wrapped(depth) {
            conv(2, kernel=1)
            if depth > 0 { add { | identity | inner = wrapped(depth - 1) } }
        }"""
    + network("wrapped(20)"),
    "calling each other": """
        block odd(depth) {
            conv(2, kernel=1)
            if depth > 0 { add { | identity | a = even(depth - 1) } }
        }
        block even(depth) {
            conv(2, kernel=3, padding=1)
            if depth > 0 { add { | identity | b = odd(depth - 1) } }
        }
        """
    + network("odd(3)"),
    "inside twice": """
        block tree(depth) {
            conv(2, kernel=1)
            if depth > 0 { add { | left = tree(depth - 1) | right = tree(depth - 1) } }
        }"""
    + network("tree(3)"),
}
CLASSES = {
    "no level below": ["Level", "Net"],
    "one": ["InnermostLevel", "Level", "Net"],
    "several": ["InnermostLevel", "Level", "Net"],
    "two of different depth": ["InnermostLevel", "Level", "Net"],
    "handed on by a block": ["InnermostLevel", "Level", "Unit", "Net"],
    "inside twice": ["InnermostTree", "Tree", "Net"],
}


@pytest.mark.parametrize("name", SPECS)
def test_it_is_the_network_of_the_spec(name: str) -> None:
    net = archdsl.loads(SPECS[name])
    state = net.torch().state_dict()
    assert [(key, tuple(tensor.shape)) for key, tensor in state.items()] == net.state()
    agree(net, {"x": np.random.default_rng(0).normal(size=(2, *list(net.inputs["x"].dims)[1:]))}, np.float64)


@pytest.mark.parametrize("name", CLASSES)
def test_there_is_one_class_for_all_levels(name: str) -> None:
    source = archdsl.loads(SPECS[name]).torch_source()
    found = [line.split("(")[0][6:] for line in source.splitlines() if line.startswith("class ")]
    assert found == CLASSES[name]


def test_levels_are_handed_from_outside_to_inside() -> None:
    source = archdsl.loads(SPECS["several"]).torch_source()
    assert "Level(2, 2, level=Level(2, 4, level=Level(4, 8, level=InnermostLevel())))" in source


def test_what_is_trained_runs_optimized_and_scripted() -> None:
    net = archdsl.loads(SPECS["several"])
    trained = net.torch().eval()
    fast = net.torch(optimize="inference", state=trained.state_dict())
    x = torch.rand(2, 2, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(fast(x), trained(x), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(torch.jit.script(trained)(x), trained(x))
