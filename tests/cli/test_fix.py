"""`archdsl check --fix`: what is put right, what is left to a person, and how files are written."""

from __future__ import annotations

import json
import os
import re

import pytest
from click.testing import CliRunner
from support.places import TESTS

from archdsl.cli import main
from archdsl.compiler import check_source
from archdsl.diagnostics.render import as_json
from archdsl.diagnostics.sarif import sarif
from archdsl.fix import fix
from archdsl.source import Source

PAGES = TESTS / "golden" / "errors"

FIXED = {
    "a name": ("conv(8, kernel=3) -> rellu", "conv(8, kernel=3) -> relu"),
    "the name of another library": ("conv(8, kernel=3) -> ReLU", "conv(8, kernel=3) -> relu"),
    "an argument": ("conv(8, kernal=3)", "conv(8, kernel=3)"),
    "an attribute": ("conv(in.chanels, kernel=3)", "conv(in.channels, kernel=3)"),
    "two names in a line": ("convv(8, kernal=3)", "conv(8, kernel=3)"),
    "a comma": ("conv(8 kernel=3)", "conv(8, kernel=3)"),
    "commas in a list": ("conv(8, kernel=[3 3])", "conv(8, kernel=[3, 3])"),
    "a comma before a new line": ("conv(8\n        kernel=3)", "conv(8,\n        kernel=3)"),
    "True": ("conv(8, kernel=3, bias=True)", "conv(8, kernel=3, bias=true)"),
    "None": ("max_pool(2, stride=None)", "max_pool(2, stride=none)"),
    "a comparison": ("if in.channels = 3 { relu }", "if in.channels == 3 { relu }"),
    "a claim": ("linear(2)\n    expect out.shape[1] = 3", "linear(2)\n    expect out.shape[1] == 3"),
    "a round bracket": ("conv(8, kernel=3\n    relu", "conv(8, kernel=3)\n    relu"),
    "a bracket before a comment": ("conv(8, kernel=3  # wide\n    relu", "conv(8, kernel=3)  # wide\n    relu"),
    "a square bracket": ("conv(8, kernel=3) : [N, 8, 6, 6\n    relu", "conv(8, kernel=3) : [N, 8, 6, 6]\n    relu"),
    "a bias": ("conv(8, kernel=3) -> batch_norm", "conv(8, kernel=3, bias=false) -> batch_norm"),
    "a bias by name": ("conv(8, bias=true, kernel=3)\n    batch_norm", "conv(8, bias=false, kernel=3)\n    batch_norm"),
    "an activation": ("conv(8, kernel=3) -> relu -> relu", "conv(8, kernel=3) -> relu"),
    "an activation on its line": (
        "conv(8, kernel=3) -> relu\n    relu\n    dropout(0.1)",
        "conv(8, kernel=3) -> relu\n    dropout(0.1)",
    ),
    "three activations": ("conv(8, kernel=3) -> relu -> relu -> relu", "conv(8, kernel=3) -> relu"),
    "one thing after another": (
        "conv(8 kernal=3 -> batchnorm -> relu -> relu",
        "conv(8 kernal=3 -> batchnorm -> relu -> relu",
    ),
    "much at once": ("conv(8 kernal=3) -> batchnorm", "conv(8, kernel=3, bias=false) -> batch_norm"),
}

LEFT = {
    "two candidates": "elu -> relu1",
    "a number in the name": "conv2 = conv(8, kernel=3)\n    add { | identity | conv3 }",
    "another word": "swish2",
    "a value for a name or an argument": "conv(8, kernel 3)",
    "a bracket before an arrow": "conv(8, kernel=3 -> relu",
    "a bracket that goes on": "conv(8,\n    relu",
    "a brace": "repeat 2 { relu",
    "two brackets": "conv(max(3, 4\n    relu",
    "an activation with a name": "conv(8, kernel=3) -> relu -> last = relu",
    "an activation that is not idempotent": "conv(8, kernel=3) -> tanh -> tanh",
    "a bias that a block is given": "shared c = conv(8, kernel=3)\n    c -> batch_norm",
    "a bias that the claims count": "conv(8, kernel=3) -> batch_norm\n    expect params == 240",
}


def spec(body):
    return f"network t {{\n    input x: [N, 3, 8, 8]\n    {body}\n}}\n"


def fixed(text):
    return fix(Source("net.arch", text), check_source)


@pytest.mark.parametrize("name", FIXED)
def test_what_is_certain_is_put_right(name):
    before, after = (spec(body) for body in FIXED[name])
    found, done = fixed(before)
    assert found.text == after
    assert bool(done) == (before != after)
    assert fixed(found.text)[1] == [], "a fixed file has nothing left to fix"


@pytest.mark.parametrize("name", LEFT)
def test_what_is_not_certain_is_left(name):
    text = spec(LEFT[name])
    assert check_source(Source("net.arch", text)).problems
    found, done = fixed(text)
    assert (found.text, done) == (text, [])


def test_a_good_fix_is_made_where_another_would_break_a_claim():
    text = spec("conv(8, kernel=3) -> batch_norm -> relu -> relu\n    expect params == 240")
    found, done = fixed(text)
    assert found.text == text.replace("relu -> relu", "relu")
    assert [str(one) for one in done] == ["net.arch:3:44: -> relu is removed (activation-twice)"]


def test_edits_never_overlap():
    text = spec("conv(8, kernel=3) -> relu\n    relu\n    relu")
    assert fixed(text)[0].text == spec("conv(8, kernel=3) -> relu")


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_fixing_mistakes_of_all_kinds_ends_and_makes_none(page):
    for spec in re.findall(r"^```arch\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S):
        before = check_source(Source("net.arch", spec)).problems
        found, done = fixed(spec)
        after = check_source(found).problems
        assert sum(problem.is_error for problem in after) <= sum(problem.is_error for problem in before)
        assert fixed(found.text)[1] == []
        assert bool(done) == (found.text != spec)


def test_a_fix_is_data():
    (problem,) = check_source(Source("net.arch", spec("rellu"))).problems
    edit = {"line": 3, "column": 5, "end_line": 3, "end_column": 10, "text": "relu"}
    assert as_json(problem)["fix"] == [edit]
    (result,) = sarif([problem], "0")["runs"][0]["results"]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "net.arch"}
    region = {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 10}
    assert change["replacements"] == [{"deletedRegion": region, "insertedContent": {"text": "relu"}}]
    (other,) = check_source(Source("net.arch", spec("conv(8)"))).problems
    assert as_json(other)["fix"] is None
    assert "fixes" not in sarif([other], "0")["runs"][0]["results"][0]


def run(*words):
    return CliRunner().invoke(main, ["check", "--fix", *map(str, words)])


def test_the_file_is_written_and_checked_again(tmp_path):
    net = tmp_path / "net.arch"
    net.write_bytes(b"\xef\xbb\xbf" + spec("rellu\n    conv(8)").replace("\n", "\r\n").encode())
    shown = run(net)
    assert shown.exit_code == 1
    assert f"fixed {net}:3:5: rellu is now relu (unknown-name)" in shown.stderr
    assert "error[missing-argument]" in shown.stderr
    assert net.read_bytes() == b"\xef\xbb\xbf" + spec("relu\n    conv(8)").replace("\n", "\r\n").encode()
    net.write_text(spec("rellu"))
    shown = run(net, "--format", "json")
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["problems"] == []
    before = net.stat().st_mtime_ns
    assert run(net).exit_code == 0
    assert net.stat().st_mtime_ns == before, "a good file is not written"


def test_several_networks_of_one_file(tmp_path):
    net = tmp_path / "net.arch"
    net.write_text(spec("rellu") + spec("tahn").replace("network t", "network u"))
    assert run(f"{net}:t", f"{net}:u").exit_code == 0
    assert net.read_text() == spec("relu") + spec("tanh").replace("network t", "network u")


def test_files_that_cannot_be_written(tmp_path):
    net = tmp_path / "net.arch"
    net.write_text(spec("rellu"))
    shown = CliRunner().invoke(main, ["check", "--fix", "-"], input=spec("rellu"))
    assert shown.exit_code == 2
    if os.geteuid():
        net.chmod(0o444)
        shown = run(net)
        assert shown.exit_code == 2
        assert "permission denied" in shown.stderr
