"""What changed between two networks: each kind of change, the state, git revisions, and nothing where nothing did."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.places import ROOT
from support.spec_strategies import network

import archdsl
from archdsl.cli import main
from archdsl.graph.text import text as graph_text

SPECS = sorted((ROOT / "specs").glob("*.arch"))
SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def net(*stages: str, blocks: str = "") -> archdsl.Network:
    return archdsl.loads(f"{blocks}\nnetwork t {{\n    input x: [N, 4, 8, 8]\n    " + "\n    ".join(stages) + "\n}")


def rows(before: archdsl.Network, after: archdsl.Network) -> list[str]:
    """The lines about layers, with single spaces."""
    lines = str(archdsl.diff(before, after)).partition("\nlayers\n")[2].partition("\n\n")[0].splitlines()
    return [" ".join(line.split()) for line in lines]


# layers


def test_the_same_is_the_same():
    assert archdsl.diff(net("relu"), net("relu")).is_empty
    assert str(archdsl.diff(net("relu"), net("relu"))) == "t and t are the same"


def test_added_and_removed():
    short, long = net("conv(4, kernel=1)", "relu"), net("conv(4, kernel=1)", "batch_norm", "relu")
    assert rows(short, long) == ["+ 1 batch_norm"]
    assert rows(long, short) == ["- 1 batch_norm"]


def test_changed_arguments():
    before, after = net("c = conv(4, kernel=3)"), net("c = conv(4, kernel=5, padding=1)")
    assert rows(before, after) == ["~ c conv: kernel 3 -> 5, padding 0 -> 1"]


def test_another_op_in_the_same_place():
    before, after = net("conv(4, kernel=1)", "relu", "avg_pool(2)"), net("conv(4, kernel=1)", "tanh", "max_pool(2)")
    assert rows(before, after) == ["~ 1 relu -> tanh", "~ 2 avg_pool(2) -> max_pool(2)"]


def test_another_name():
    assert rows(net("a = conv(4, kernel=1)"), net("b = conv(4, kernel=1)")) == ["= b conv(4, kernel=1) was a"]


def test_another_order():
    before = net("conv(8, kernel=1)", "relu", "batch_norm", "tanh")
    after = net("conv(8, kernel=1)", "batch_norm", "relu", "tanh")
    (row,) = rows(before, after)
    assert re.fullmatch(r"> [12] (relu|batch_norm) was [12]", row)


def test_moved_into_a_group():
    before = net("conv(8, kernel=1)", "relu", "conv(16, kernel=1)")
    after = net("features = { conv(8, kernel=1)", "relu", "conv(16, kernel=1) }")
    found = archdsl.diff(before, after)
    assert [change.kind for change in found.changes] == ["added", "moved", "moved", "moved"]
    assert found.state.renamed == {
        "0.weight": "features.0.weight",
        "0.bias": "features.0.bias",
        "2.weight": "features.2.weight",
        "2.bias": "features.2.bias",
    }


def test_connected_otherwise():
    before = net("a = conv(4, kernel=1)", "b = conv(4, kernel=1)", "add { | a | b }")
    after = net("a = conv(4, kernel=1)", "b = conv(4, kernel=1)", "add { | x | b }")
    assert rows(before, after) == ["% add takes x, b, took a, b"]


def test_another_number_of_arms():
    before = net("a = conv(4, kernel=1)", "add { | a | x }")
    after = net("a = conv(4, kernel=1)", "add { | a | x | a }")
    assert rows(before, after) == ["~ add add takes other values"]


def test_another_part_of_a_value():
    before, after = (net("a, b = chunk(2)", f"{name} -> relu") for name in "ab")
    assert rows(before, after) == ["% 1 takes a[1], took a"]


def test_a_layer_shared_or_not():
    before = net("shared c = conv(4, kernel=1)", "c -> relu -> c")
    after = net("c = conv(4, kernel=1)", "relu", "d = conv(4, kernel=1)")
    assert not archdsl.diff(before, after).is_empty


def test_a_change_in_a_block_is_told_once():
    blocks = "block b(n) {{ c = conv(n, kernel=1)\n {op} }}"
    before = net("b(4) -> b(4) -> b(8)", blocks=blocks.format(op="relu"))
    after = net("b(4) -> b(4) -> b(8)", blocks=blocks.format(op="gelu"))
    assert rows(before, after) == ["~ 0.1 relu -> gelu (in 3 places, the last is 2.1)"]


def test_arguments_of_a_block():
    blocks = "block b(n, act=1) { conv(n, kernel=1) }"
    found = rows(net("b(4)", blocks=blocks), net("b(8)", blocks=blocks))
    assert found == ["~ 0 b: n 4 -> 8", "~ 0.0 conv: channels 4 -> 8"]


def test_one_block_for_another():
    blocks = "block b(n) { conv(n, kernel=1) }\nblock c(n) { conv(n, kernel=1) -> batch_norm }"
    assert rows(net("b(4)", blocks=blocks), net("c(4)", blocks=blocks)) == ["~ 0 b(4) -> c(4)", "+ 0.1 batch_norm"]


def test_other_outputs():
    text = "network t {{\n input x: [N, 4]\n a = linear(4)\n b = linear(4)\n output {name}\n}}"
    before, after = (archdsl.loads(text.format(name=name)) for name in "ab")
    found = archdsl.diff(before, after)
    assert found.figures["outputs"] == ("a [N, 4]", "b [N, 4]")
    assert [change.kind for change in found.changes] == ["connected"]


def test_an_input_returned_as_it_is():
    text = "network t {{\n input x: [N, 4]\n input y: [N, 4]\n {name} -> output_ = identity\n output o = relu\n}}"
    before, after = (archdsl.loads(text.format(name=name)) for name in "xy")
    assert not archdsl.diff(before, after).is_empty


# figures and state


def test_figures():
    found = archdsl.diff(net("conv(4, kernel=1)"), net("conv(8, kernel=1)"))
    assert found.figures == {
        "parameters": ("20", "40"),
        "MACs": ("1,024", "2,048"),
        "outputs": ("out [N, 4, 8, 8]", "out [N, 8, 8, 8]"),
    }
    assert "parameters  20 -> 40 (+20)" in str(found)


def test_names_of_weights():
    before = net("conv(4, kernel=1)", "relu", "conv(4, kernel=1)", "head = conv(2, kernel=1)")
    after = net("conv(4, kernel=1)", "batch_norm", "relu", "conv(4, kernel=1)", "head = conv(3, kernel=1)")
    state = archdsl.diff(before, after).state
    assert state.renamed == {"2.weight": "3.weight", "2.bias": "3.bias"}
    assert state.reshaped == {"head.weight": ((2, 4, 1, 1), (3, 4, 1, 1)), "head.bias": ((2,), (3,))}
    assert set(state.missing) == {"2.weight", "2.bias"}
    assert {name for name in state.unexpected if name.startswith("3.")} == {"3.weight", "3.bias"}


def test_renamed_weights_load():
    """The guess is good: with it, the old state dict of a VGG fits the one with batch norm but for the norms."""
    before, after = (archdsl.load(f"{ROOT}/specs/vgg.arch:{name}") for name in ("VGG11", "VGG11BN"))
    renamed = archdsl.diff(before, after).state.renamed
    shapes = dict(after.state())
    fitting = [name for name, shape in before.state() if shapes.get(renamed.get(name, name)) == shape]
    assert len(fitting) == len(before.state())


# nothing where nothing changed, something where something did


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_network_is_the_same_as_itself(path):
    for before, after in zip(archdsl.check(path).networks, archdsl.check(path).networks, strict=True):
        assert archdsl.diff(before, after).is_empty


SWAPS = [("relu", "tanh"), ("identity", "relu"), ("kernel=1", "kernel=2"), ("linear(3)", "linear(4)"), ("add", "mul")]
SWAPS += [("sigmoid", "identity"), ("2 {", "1 {"), (" | identity }", " | }"), (" -> ", "\n    ")]


@settings(SLOW, max_examples=80)
@given(network(), st.integers(0, 1 << 16))
def test_no_difference_means_the_same_graph(text, seed):
    """And a difference another one: the graphs as text are the second opinion."""
    draw = random.Random(seed)
    other = text
    for _ in range(3):
        old, new = draw.choice(SWAPS)
        other = other.replace(old, new, 1)
    report = archdsl.check(other)
    if not report.ok:
        return
    before, after = archdsl.loads(text), report.networks[0]
    same = graph_text(before.graph) == graph_text(after.graph)
    assert archdsl.diff(before, after).is_empty == same
    assert archdsl.diff(after, before).is_empty == same


@settings(SLOW, max_examples=30)
@given(network(), network())
def test_any_two_networks_can_be_compared(before, after):
    found = archdsl.diff(archdsl.loads(before), archdsl.loads(after))
    assert json.dumps(found.json())
    assert str(found)
    names = [dict(archdsl.loads(text).state()) for text in (before, after)]
    assert found.state.missing == {name: shape for name, shape in names[0].items() if name not in names[1]}


# the command


def run(*words):
    return CliRunner().invoke(main, ["diff", *map(str, words)])


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Two revisions: the second gives the imported block another activation, and the network a second layer."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    Path("specs").mkdir()
    block, spec = Path("specs/blocks.arch"), Path("specs/net.arch")
    words = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "init", "-q", "."], check=True)
    for activation, more in (("relu", ""), ("gelu", " -> b(4)")):
        block.write_text(f"block b(n) {{ linear(n) -> {activation} }}\n")
        spec.write_text(f'from "blocks.arch" import b\n\nnetwork t {{\n    input x: [N, 4]\n    b(4){more}\n}}\n')
        subprocess.run(["git", "add", "."], check=True)
        subprocess.run(["git", *words, "commit", "-qm", activation], check=True)
    return tmp_path


def test_revisions(repository):
    result = run("HEAD~1:specs/net.arch", "specs/net.arch:t")
    assert result.exit_code == 1
    assert [" ".join(line.split()) for line in result.stdout.splitlines()[2:6]] == [
        "layers",
        "~ 0.1 relu -> gelu",
        "+ 1 b(4)",
        "",
    ]
    assert run("HEAD:specs/net.arch:t", "specs/net.arch").exit_code == 0
    assert run("HEAD~1:specs/net.arch", "HEAD:specs/net.arch").exit_code == 1


def test_a_path_from_here(repository, monkeypatch):
    monkeypatch.chdir("specs")
    assert run("HEAD:./net.arch", "net.arch").exit_code == 0
    assert run("HEAD:specs/net.arch", "net.arch").exit_code == 0


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("nothing:specs/net.arch", "no revision nothing"),
        ("HEAD:specs/other.arch", "no such file"),
        ("HEAD:../specs/net.arch", "no such file"),
        ("HEAD:specs/net.arch:u", "no network u"),
        ("HEAD:-", "no such file"),
        ("--help:specs/net.arch", "No such option"),
        ("other.arch:t", "no such file"),
        ("HEAD:specs", "directory"),
    ],
)
def test_what_is_not_there(repository, word, message):
    result = run(word, "specs/net.arch")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_outside_a_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    result = run("HEAD:net.arch", ROOT / "specs" / "unet.arch")
    assert result.exit_code == 2
    assert "not a git repository" in result.stderr


def test_without_git(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    result = run("HEAD:specs/net.arch", "specs/net.arch")
    assert result.exit_code == 2
    assert "git is needed" in result.stderr


def test_a_broken_network_is_misuse(repository):
    Path("specs/net.arch").write_text("network t {\n    input x: [N, 4]\n    rellu\n}\n")
    result = run("HEAD:specs/net.arch", "specs/net.arch")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean relu?" in result.stderr


def test_json():
    lenet = ROOT / "specs" / "lenet.arch"
    result = run(f"{lenet}:LeNet", f"{lenet}:LeNetRelu", "--format", "json")
    assert result.exit_code == 1
    content = json.loads(result.stdout)
    assert (content["version"], content["equal"]) == (1, False)
    assert content["layers"][0] == {
        "kind": "changed",
        "before": {"name": "1", "call": "sigmoid"},
        "after": {"name": "1", "call": "relu"},
    }
    assert content["figures"] == {}
    assert content["state"] == {"missing": {}, "unexpected": {}, "reshaped": {}, "renamed": {}}


def test_sizes_make_figures_numbers():
    resnet = ROOT / "specs" / "resnet.arch"
    result = run(f"{resnet}:ResNet18", f"{resnet}:ResNet34", "--input", "1x3x224x224")
    assert "MACs        1,814,073,344 -> 3,663,761,408 (+1,849,688,064)" in result.stdout
    assert "differ, depending on free sizes" in run(f"{resnet}:ResNet18", f"{resnet}:ResNet34").stdout
