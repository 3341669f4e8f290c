"""`archdsl bench`: every layer once, with its own multiply-adds, and figures that fit together."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from support.places import ROOT

import archdsl
from archdsl.cli import main

BRANCHES = """\
network Branches {
    input image: [N, 3, H, W]
    stem = conv(4, kernel=3, padding=1) -> relu
    add {
        | a = conv(4, kernel=1)
        |
    }
    global_avg_pool -> flatten
    head = linear(5)
}
"""


def run(*words: str):
    return CliRunner().invoke(main, ["bench", *words])


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_layers_have_their_multiply_adds(backend):
    net = archdsl.loads(BRANCHES)
    bench = net.bench(backend, runs=2, image=(2, 3, 8, 8))
    computing = {layer.name: layer.macs for layer in bench.layers if layer.macs}
    rows = {row.path: row.macs for row in net.summary(image=(2, 3, 8, 8)).layers() if row.macs}
    assert computing == rows
    assert bench.seconds > 0 and bench.rate > 0
    assert all(layer.seconds >= 0 for layer in bench.layers)
    assert bench.floor == pytest.approx(2 * sum(rows.values()) / bench.rate)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_json_says_what_the_table_says(backend):
    done = run(str(ROOT / "specs/lenet.arch:LeNet"), "--backend", backend, "--runs", "2", "--format", "json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.output)
    assert data["inputs"] == {"image": [1, 1, 28, 28]}
    assert sum(layer["macs"] for layer in data["layers"]) == 416_520
    for layer in data["layers"]:
        if layer["macs"]:
            assert layer["flops"] == pytest.approx(2 * layer["macs"] / layer["seconds"])
            assert layer["share_of_floor"] == pytest.approx(layer["flops"] / data["matrix_product_flops"])


def test_the_table_has_a_line_for_each_step():
    net = archdsl.load(ROOT / "specs/lenet.arch:LeNet")
    bench = net.bench("numpy", runs=2)
    text = bench.text()
    assert text.startswith("LeNet on numpy: image [1, 1, 28, 28]\n")
    assert len(text.splitlines()) == len(bench.layers) + 5


def test_free_sizes_are_asked_for():
    done = run(str(ROOT / "specs/resnet.arch:ResNet18"))
    assert done.exit_code == 2
    assert "needs numbers for all its sizes" in done.output and "--input" in done.output


def test_backends_are_two():
    with pytest.raises(ValueError, match="numpy and torch"):
        archdsl.load(ROOT / "specs/lenet.arch:LeNet").bench("jax")
