"""Summaries: their figures against other programs' and against torch itself, their forms, and what stays the same."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from functools import cache

import pytest
import torch
from click.testing import CliRunner
from support.places import TESTS
from torch.utils._python_dispatch import TorchDispatchMode

import archdsl
from archdsl import Network
from archdsl.analyses.state import parameters
from archdsl.analyses.tally import Row
from archdsl.cli import main
from archdsl.reports.summary import Summary

SPECS = TESTS.parent / "specs"
SIZES = {"N": 1, "H": 224, "W": 224}


@cache
def zoo() -> dict[str, Network]:
    return {net.name: net for path in sorted(SPECS.glob("*.arch")) for net in archdsl.check(path).networks}


def shape_of(net: Network) -> tuple[int, ...]:
    (shape,) = net.inputs.values()
    return tuple(dim for dim in shape.at(SIZES).dims if isinstance(dim, int))


@cache
def summary_of(name: str) -> Summary:
    net = zoo()[name]
    return net.summary(**{next(iter(net.inputs)): shape_of(net)})


every_network = pytest.mark.parametrize("name", sorted(zoo()))


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


# figures


COSTS = json.loads((TESTS / "reference" / "costs.json").read_text())["networks"]


@pytest.mark.parametrize("name", sorted(COSTS))
def test_figures_are_those_of_other_programs(name):
    summary = summary_of(name)
    assert summary.parameters == COSTS[name]["parameters"]
    assert summary.macs == COSTS[name]["macs"]


def test_no_convolutional_network_is_left_out():
    assert zoo().keys() - COSTS.keys() == {"ViTBase16", "ViTLarge16"}


class Written(TorchDispatchMode):
    """Counts the bytes that operations write: the first result of each, unless it only is a view of an operand."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        first = result[0] if isinstance(result, tuple | list) else result
        owned = {id(x.untyped_storage()) for x in args if isinstance(x, torch.Tensor)}
        owned |= {x.untyped_storage()._cdata for x in _tensors(args)}
        overwrites = func._schema.name.endswith("_")
        if isinstance(first, torch.Tensor) and (overwrites or first.untyped_storage()._cdata not in owned):
            self.bytes += first.numel() * first.element_size()
        return result


def _tensors(values):
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, tuple | list):
            yield from _tensors(value)


@pytest.mark.parametrize("name", sorted(COSTS))
def test_activations_are_what_torch_writes(name):
    """In evaluation, on the meta device: what only acts in training (dropout, augmentation) passes values on there."""
    net = zoo()[name]
    with torch.device("meta"), torch.no_grad():
        module = net.torch().eval()
        image = torch.empty(shape_of(net))
        with Written() as written:
            module(image)
    idle = sum(row.activation_bytes for row in summary_of(name).layers() if row.node.op.is_random)
    assert summary_of(name).activation_bytes - idle == written.bytes


def test_a_batch_costs_as_much_as_its_images():
    net = zoo()["LeNet"]
    one, five = net.summary(), net.summary(image=(5, 1, 28, 28))
    assert (five.macs, five.activation_bytes) == (5 * one.macs, 5 * one.activation_bytes)
    assert five.parameters == one.parameters


def test_the_same_words_are_the_same_op_but_true_is_no_number():
    text = "network t {{ input x: [N, 4, 8, 8]\n conv(4, kernel=1) -> conv(4, kernel=1) -> {} }}"
    first, second, third = archdsl.loads(text.format("conv(4, kernel=1, groups=2)")).graph.nodes
    assert first.op is second.op is not third.op
    for wrong in ("conv(4, kernel=1, groups=true)", "conv(4, kernel=1, bias=1)", "conv(4, kernel=true)"):
        assert {problem.code for problem in archdsl.check(text.format(wrong)).problems} == {"wrong-type"}, wrong


def test_shared_weights_count_once():
    text = "network t { input x: [N, 4]\n shared head = linear(4)\n head -> relu -> head }"
    summary = archdsl.loads(text).summary()
    assert summary.parameters == 20
    assert summary.macs == 32
    assert [row.parameters for row in summary.layers()] == [20, 0, 0]


@every_network
def test_rows_add_up_to_the_totals(name):
    """Blocks to their layers, layers to the network, at every depth."""
    summary = summary_of(name)

    def verify(rows: tuple[Row, ...]) -> None:
        for row in rows:
            if row.rows:
                assert row.parameters == sum(inner.parameters for inner in row.rows)
                assert row.macs == sum(inner.macs for inner in row.rows)
                assert row.activation_bytes == sum(inner.activation_bytes for inner in row.rows)
                verify(row.rows)

    verify(summary.rows)
    assert summary.parameters == parameters(zoo()[name].graph)
    totals = {key: value for key, value in summary.json().items() if key != "layers"}
    for depth in (1, 2, 3, 9, None):
        cut = summary.json(depth)
        assert {key: value for key, value in cut.items() if key != "layers"} == totals
        for key in ("parameters", "macs", "activation_bytes"):
            assert sum(layer[key] for layer in cut["layers"]) == totals[key]
        assert len({layer["name"] for layer in cut["layers"]}) == len(cut["layers"])


@every_network
def test_folded_tables_add_up_at_every_depth(name):
    summary = summary_of(name)
    last = None
    for depth in (1, 2, 3, 9):
        lines = summary.text(depth).splitlines()
        total, exact = lines[-3], lines[-1]
        assert last in (None, (total.split(), exact))
        last = total.split(), exact
        rules = [index for index, line in enumerate(lines) if line.startswith("─")]
        body = lines[rules[0] + 1 : rules[1]]
        top = [line for line in body if not line.startswith(" ")]
        column = lines[2].index("parameters")
        shown = sum(int(line[column - 6 : column + 10].split()[-1].replace(",", "")) for line in top)
        assert shown == summary.parameters


# free sizes


def test_free_sizes_stay_free():
    net = zoo()["ResNet18"]
    free = net.summary()
    assert free.symbols == ["H", "W"]
    row = free.rows[0]
    assert str(row.outputs[0]) == "[1, 64, ceil(H / 2), ceil(W / 2)]"
    assert str(row.macs) == "9408 * ceil(H / 2) * ceil(W / 2)"
    layer = free.json()["layers"][0]
    assert layer["output"] == [1, 64, "ceil(H / 2)", "ceil(W / 2)"]
    assert layer["macs"] == "9408 * ceil(H / 2) * ceil(W / 2)"
    assert layer["receptive_field"] == [7, 7]
    assert free.json()["layers"][-1]["receptive_field"] == ["H", "W"]
    assert "free sizes: H, W" in free.text()


def test_expressions_have_the_value_of_the_figures():
    """What is symbolic, with numbers put in place of the sizes, is what the same sizes give at once."""
    from archdsl.sizes.dim import substitute

    net = zoo()["UNet"]
    free, fixed = net.summary(), net.summary(image=(1, 1, 96, 64))
    for open_, closed in zip(free.layers(), fixed.layers(), strict=True):
        values = {"H": 96, "W": 64}
        assert substitute(open_.macs, values) == closed.macs
        assert substitute(open_.activation_bytes, values) == closed.activation_bytes
        assert open_.receptive_field == closed.receptive_field


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"picture": (1, 1, 96, 96)}, "no input picture; its inputs are image"),
        ({"image": (1, 1, 96)}, "has 4 axes"),
        ({"image": (1, 3, 96, 96)}, r"\[N, 1, H, W\], which \(1, 3, 96, 96\) does not fit"),
        ({"image": (1, 1, 0, 96)}, "whole numbers from 1"),
        ({"image": (1, 1, 90, 96)}, "does not accept"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        zoo()["UNet"].summary(**given)


def test_too_small_an_image_is_refused():
    net = archdsl.loads("network t { input x: [N, 1, H, W]\n conv(2, kernel=5) }")
    with pytest.raises(ValueError, match=r"H >= 5 and W >= 5"):
        net.summary(x=(1, 1, 4, 8))


def test_one_size_may_be_given_to_several_axes():
    net = archdsl.loads("network t { input x: [N, 1, S, S]\n conv(2, kernel=1) }")
    assert net.summary(x=(1, 1, 8, 8)).macs == 128
    with pytest.raises(ValueError, match="does not fit"):
        net.summary(x=(1, 1, 8, 9))


# forms


def test_json_is_the_contract():
    result = run("summary", f"{SPECS}/lenet.arch:LeNet", "--format", "json")
    assert result.exit_code == 0
    content = json.loads(result.stdout)
    layers = content.pop("layers")
    assert content == {
        "version": 1,
        "network": "LeNet",
        "inputs": {"image": [1, 1, 28, 28]},
        "outputs": {"out": [1, 10]},
        "parameters": 61706,
        "macs": 416520,
        "activation_bytes": 58408,
    }
    first = {
        "name": "0",
        "op": "conv",
        "output": [1, 6, 28, 28],
        "parameters": 156,
        "macs": 117600,
        "receptive_field": [5, 5],
    }
    assert first.items() <= layers[0].items()
    assert [layer["receptive_field"][0] for layer in layers] == [5, 5, 6, 14, 14, 16, 16, *[28] * 5]
    assert not any(layer["sees_all"] for layer in layers[:7])
    assert all(layer["sees_all"] for layer in layers[7:])


def test_the_table_folds_repeated_blocks():
    table = run("summary", f"{SPECS}/resnet.arch:ResNet50", "--input", "1x3x224x224").stdout
    rows = [" ".join(line.split()) for line in table.splitlines()]
    assert "0 … 2 3 × bottleneck(64) [1, 256, 56, 56] 215,808 0.8% 667.9 M 16.3% 56.66 MiB 39.5% 35×35" in rows
    assert "1 … 5 5 × bottleneck(256) [1, 1024, 14, 14] 5,585,920 21.9% 1.09 G 26.7% 21.05 MiB 14.7% 267×267" in rows
    assert rows[-1] == "25,557,032 parameters, 4,089,184,256 MACs, 150,239,136 bytes written"


def test_depth_opens_and_closes_blocks():
    target = f"{SPECS}/densenet.arch:DenseNet121"
    closed = run("summary", target, "--depth", "1").stdout
    assert "denseblock1" not in closed
    folded = run("summary", target, "--depth", "3").stdout
    assert "denselayer1 … concat_6" in folded
    assert "6 × (dense_layer(32), concat)" in folded
    assert "conv1" in run("summary", target, "--depth", "4").stdout


def test_repeated_blocks_are_folded_until_somebody_asks():
    net = archdsl.loads(
        "block b { conv(4, kernel=1) -> relu }\nnetwork t { input x: [N, 4, H, W]\n b -> b -> b -> tanh }"
    )
    words = [[line.split()[0] for line in net.summary().text(depth).splitlines()[4:-7]] for depth in (None, 1, 2)]
    assert words == [["0", "3"], ["0", "3"], ["0", "0", "1", "1", "0", "1", "2", "0", "1", "3"]]


def test_only_blocks_that_read_the_same_are_folded():
    text = """block b(c, bias=true) { conv(c, kernel=1, bias=bias) }
    network t { input x: [N, 1, H, W]
        b(4) -> b(4, true) -> b(4, false) -> b(8) -> b(8) -> relu -> relu }"""
    table = archdsl.loads(text).summary().text(1)
    words = [line[7:30].split("  ")[0].strip() for line in table.splitlines()[4:9]]
    assert words == ["2 × b(4)", "b(4, bias=false)", "2 × b(8)", "relu", "relu"]


def test_csv_has_a_line_for_each_layer():
    result = run("summary", f"{SPECS}/resnet.arch:ResNet18", "--format", "csv", "--input", "1x3x224x224")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert rows[0]["name"] == "conv1"
    assert rows[0]["output"] == "1x64x112x112"
    assert rows[0]["receptive_field"] == "7x7"
    assert sum(int(row["parameters"]) for row in rows) == 11_689_512
    assert [row["name"] for row in rows if row["op"] == "add"][:2] == ["layer1.0.add", "layer1.1.add"]


def test_markdown_is_a_table():
    lines = run("summary", f"{SPECS}/resnet.arch:ResNet18", "--format", "markdown").stdout.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
    assert any(line.startswith("| · 0 … 1 | 2 × basic(64) |") for line in table)


def test_a_terminal_without_the_signs_gets_others():
    import os
    import subprocess
    import sys

    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "archdsl", "summary", f"{SPECS}/resnet.arch:ResNet50"]
    table = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60).stdout
    assert "3 x bottleneck(64)" in table
    assert table.isascii()
    assert "\\x" not in table


def test_a_notebook_shows_the_table():
    text = 'block b(name) { conv(2, kernel=3) -> relu }\nnetwork t { input x: [N, 1, H, W]\n b("<b>") }'
    net = archdsl.loads(text)
    shown = net._repr_html_()
    assert shown.count("<tr>") == 5
    assert "<b>" not in shown
    from xml.etree import ElementTree

    ElementTree.fromstring(f"<div>{shown.replace('&nbsp;', ' ')}</div>")


def test_printing_a_summary_prints_the_table():
    net = zoo()["LeNet"]
    assert str(net.summary()) == net.summary().text()


def test_several_inputs_and_values():
    text = """network t {
        input a: [N, 3, H, W]
        input b: [N, 3, H, W]
        input words: int [N, T]
        a -> conv(4, kernel=3, padding=1) -> left, right = chunk(2)
        b -> conv(2, kernel=5, padding=2) -> seen = relu
        add { | left | seen }
        output both = relu
        output words -> vectors = embedding(10, 4)
    }"""
    summary = archdsl.loads(text).summary()
    layers = {layer["name"]: layer for layer in summary.json()["layers"]}
    (cut,) = (layer for layer in layers.values() if layer["op"] == "chunk")
    assert cut["output"] == [[1, 2, "H", "W"], [1, 2, "H", "W"]]
    assert layers["seen"]["receptive_field"] == [5, 5]
    assert layers["vectors"]["receptive_field"] == [1]
    assert summary.json()["outputs"] == {"both": [1, 2, "H", "W"], "vectors": [1, "T", 4]}


# the command


def test_a_bad_spec_exits_with_1(tmp_path):
    spec = tmp_path / "bad.arch"
    spec.write_text("network t {\n    input x: [N, 4]\n    rellu\n}\n")
    result = run("summary", spec)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "did you mean relu?" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("summary", f"{SPECS}/resnet.arch"),
        ("summary", f"{SPECS}/lenet.arch:LeNet", "--depth", "0"),
        ("summary", f"{SPECS}/lenet.arch:LeNet", "--format", "yaml"),
    ],
)
def test_wrong_use_exits_with_2(words):
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")


def test_nothing_is_rounded_up_to_a_unit_too_small():
    """999,999 is 1.00 M and not 1000 K."""
    from archdsl.reports.figures import count, memory

    assert [count(n) for n in (0, 999, 1000, 999_949, 999_999, 10**12)] == [
        *("0", "999", "1.00 K", "999.9 K", "1.00 M", "1.00 T")
    ]
    assert memory(1023 * 1024 + 1023) == "1.00 MiB"


@pytest.mark.parametrize("width", [60, 70, 80, 90, 100, 120, 140, 200])
@pytest.mark.parametrize("target", ["resnet.arch:ResNet50", "googlenet.arch:GoogLeNet", "vit.arch:ViTBase16"])
def test_rows_fit_a_terminal(target, width):
    """Rows are no wider than asked for; what is cut says so, and a figure is there whole or not at all."""
    summary = archdsl.load(f"{SPECS}/{target}").summary(image=(1, 3, 224, 224))
    whole, narrow = summary.text(2), summary.text(2, width)
    rows, cut = (text.splitlines()[2:-2] for text in (whole, narrow))
    assert len(cut) == len(rows) and max(map(len, cut)) <= width
    for row, line in zip(rows, cut, strict=True):
        assert set(re.findall(r"(?<= )[\d,.]+(?= |$)", line)) <= set(re.findall(r"(?<= )[\d,.]+(?= |$)", row))
    assert cut[0].startswith("layer") and "parameters" in cut[0]
    assert len(cut[0].split()) == len(rows[0].split()) or width < len(max(rows, key=len))


def test_wide_enough_terminals_show_the_whole_table():
    summary = archdsl.load(f"{SPECS}/resnet.arch:ResNet50").summary(image=(1, 3, 224, 224))
    assert summary.text(width=400) == summary.text()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_the_table_follows_the_terminal():
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "archdsl", "summary", f"{SPECS}/resnet.arch:ResNet18", "--input", "1x3x224x224"]
    environment = {**os.environ, "COLUMNS": "72", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(SPECS.parent)}
    with subprocess.Popen(command, stdout=theirs, env=environment) as running:
        os.close(theirs)
        text = b""
        while chunk := _read(ours):
            text += chunk
    assert running.returncode == 0
    table = text.decode().splitlines()[2:-2]
    assert max(map(len, table)) <= 72 and table[0].split()[:4] == ["layer", "op", "output", "parameters"]


def _read(terminal: int) -> bytes:
    """What a terminal shows next; a closed one is an error on Linux, and the end elsewhere."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
