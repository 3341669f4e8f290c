"""Bodies that repeat: one class for all depths, and the numbers of every pass are those of the spec."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.places import ROOT

import archdsl

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

from support.torch_modules import agrees_with_the_graph  # noqa: E402

VGG = """
block stage(convs, channels) {
    repeat convs { conv(channels, kernel=3, padding=1) -> relu }
    max_pool(2)
}
network Net {
    input image: [N, 3, 32, 32]
    stage(1, 4) -> stage(3, 8) -> stage(2, 8)
}"""
DENSE = """
block layer(growth) { conv(growth, kernel=3, padding=1) -> relu }
block dense(layers, growth) {
    repeat i in layers { concat { | | layer{i + 1} = layer(growth) } }
}
network Net {
    input image: [N, 3, 8, 8]
    dense(2, 4) -> dense(1, 3) -> dense(4, 2)
}"""
WIDTHS = """
block layer(channels) { conv(channels, kernel=1) -> relu }
block tower(widths) {
    for i, width in widths { conv{i} = layer(width) -> tanh }
}
network Net {
    input image: [N, 3, 8, 8]
    tower([2, 4, 8]) -> tower([8, 3]) -> tower([5, 1, 4, 7])
}"""
NUMBERS = """
block tower(count) {
    repeat count { add { | | conv(in.channels, kernel=1) -> relu } }
}
network Net {
    input image: [N, 3, 8, 8]
    tower(3) -> tower(5)
}"""


def code(spec: str) -> str:
    return archdsl.loads(spec).torch_source()


@pytest.mark.parametrize("convs", [3, 4, 5])
def test_passes_of_a_chain_begin_with_their_convolution(convs: int) -> None:
    """Whatever stands before: here a convolution of other numbers, whose activation is not the first of the passes."""
    text = code(f"""
        network Net {{
            input image: [N, 8, 9, 9]
            conv(16, kernel=1) -> relu
            repeat {convs} {{ conv(16, kernel=1) -> relu }}
            conv(8, kernel=1)
        }}""")
    stretch = f"*[layer for _ in range({convs}) for layer in (nn.Conv2d(16, 16, kernel_size=1), nn.ReLU(inplace=True))]"
    assert stretch in text
    assert text.count("nn.ReLU") == 2


def test_a_long_stretch_takes_a_line_for_each_of_its_parts() -> None:
    text = code("""
        network Net {
            input image: [N, 128, 9, 9]
            repeat 3 { conv(128, kernel=3, padding=1, bias=false, groups=2) -> batch_norm -> relu }
        }""")
    assert "for _ in range(3)\n" in text
    assert text.count("nn.Conv2d") == 1


def test_a_chain_is_told_how_often_a_stretch_repeats() -> None:
    text = code(VGG)
    assert "def __init__(self, in_channels: int, convs: int, channels: int) -> None:" in text
    assert "nn.Conv2d(in_channels if i == 0 else channels, channels, kernel_size=3, padding=1)," in text
    assert "for i in range(convs)" in text
    assert "Stage(3, 1, channels=4)" in text or "Stage(3, 1, 4)" in text
    assert text.count("\nclass ") == 2


def test_a_body_of_passes_is_a_loop() -> None:
    text = code(DENSE)
    assert "for i in range(layers):" in text
    assert 'self[f"layer{i + 1}"] = Layer(in_channels + growth * i, growth)' in text
    assert "for layer in self.values():" in text
    assert text.count("\nclass ") == 3


def test_numbers_that_follow_no_formula_are_a_list() -> None:
    text = code(WIDTHS)
    assert "widths: tuple[int, ...]" in text
    assert "widths[i]" in text
    assert "Tower(3, (2, 4, 8))" in text or "widths=(2, 4, 8)" in text


def test_unnamed_layers_keep_their_numbers() -> None:
    assert 'self[f"{2 * i}"] = nn.Conv2d(3, 3, kernel_size=1)' in code(NUMBERS)


@pytest.mark.parametrize("spec", [VGG, DENSE, WIDTHS, NUMBERS], ids=["vgg", "dense", "widths", "numbers"])
def test_folded_files_compute_what_the_spec_says(spec: str, tmp_path: Path) -> None:
    net = archdsl.loads(spec)
    agrees_with_the_graph(net.graph)
    assert [(key, tuple(value.shape)) for key, value in net.torch().state_dict().items()] == net.state()
    module = net.torch().eval()
    torch.jit.script(module)
    torch.fx.symbolic_trace(module)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "net.py").write_text(net.torch_source())
    ruff = shutil.which("ruff", path=Path(sys.executable).parent) or shutil.which("ruff")
    if ruff:
        for command in (["check"], ["format", "--diff"]):
            run = subprocess.run([ruff, *command, "net.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
            assert run.returncode == 0, run.stdout


STAGES = [
    "conv({width}, kernel=3, padding=1)",
    "conv({width}, kernel=1, bias=false)",
    "relu",
    "max_pool(3, stride=1, padding=1)",
    "tanh",
    "layer{{i}} = conv({width}, kernel=1)",
    "conv{{2 * i + 1}} = conv({width}, kernel=1)",
]
WIDTHS_OF = ["a", "in.channels", "a + b", "a + i * b", "in.channels + b", "list[i]", "1 + i % 2"]


@given(
    stages=st.lists(st.tuples(st.sampled_from(STAGES), st.sampled_from(WIDTHS_OF)), min_size=1, max_size=3),
    join=st.sampled_from(["", "concat", "add"]),
    before=st.booleans(),
    instances=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=4),
)
@settings(max_examples=120, deadline=None)
def test_any_repetition_keeps_its_numbers(stages: Any, join: str, before: bool, instances: Any) -> None:
    body = " -> ".join(stage.format(width="in.channels" if join == "add" else width) for stage, width in stages)
    body = f"{join} {{ | | {body} }}" if join else body
    lines = ["block part(count, a, b, list) {", "    conv(a, kernel=1)" if before else ""]
    lines += [
        "    repeat i in count {",
        f"        {body}",
        "    }",
        "}",
        "network Net {",
        "    input image: [N, 2, 4, 4]",
    ]
    lines += [
        f"    part({count}, {a}, {b}, {[a + (7 * j * b) % 5 for j in range(count)]})" for count, a, b in instances
    ]
    report = archdsl.check("\n".join([*lines, "}"]))
    if not report.ok:
        return
    (net,) = report.networks
    found = [(key, tuple(value.shape)) for key, value in net.torch().state_dict().items()]
    assert found == net.state()
    agrees_with_the_graph(net.graph)


def test_defaults_are_those_of_the_block() -> None:
    spec = """
    block part(channels, kernel=3, dilation=1) {
        conv(channels, kernel=kernel, dilation=dilation, padding=dilation * (kernel - 1) // 2)
    }
    network Net { input x: [N, 3, 8, 8]
        part(4) -> part(8, kernel=1) -> part(8, kernel=1, dilation=2) -> part(2, kernel=5) }
    """
    text = code(spec)
    assert "kernel: int = 3, dilation: int = 1" in text
    assert "Part(3, 4)," in text
    assert "Part(4, 8, kernel=1)," in text
    agrees_with_the_graph(archdsl.loads(spec).graph)


def test_of_two_variants_the_one_with_more_layers_is_named_after_them() -> None:
    spec = """
    block basic(channels) {
        add {
            | conv(channels, kernel=3, padding=1)
            | if in.channels != channels { projection = conv(channels, kernel=1) -> { conv(channels, kernel=1) } }
        }
    }
    network Net { input x: [N, 3, 8, 8]
        basic(4) -> basic(4) -> basic(8) -> basic(8) }
    """
    assert "class BasicProjection(" in code(spec)
    assert "class Basic(" in code(spec)
