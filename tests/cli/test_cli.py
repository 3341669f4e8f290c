"""The command line as scripts and people meet it: exit codes, streams, forms of output, files."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.places import ROOT

import archdsl
from archdsl.cli import main

LENET = str(ROOT / "specs" / "lenet.arch")
GOOD = "network Tiny {\n    input image: [N, 1, 28, 28]\n    flatten -> linear(10)\n}\n"
BAD = "network Broken {\n    input image: [N, 1, 28, 28]\n    flatten -> rellu\n}\n"
TWO = GOOD + GOOD.replace("Tiny", "Other")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder with three specs, and nothing in the environment that colours the output."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "ARCHDSL_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    for name, text in {"good": GOOD, "bad": BAD, "two": TWO}.items():
        Path(f"{name}.arch").write_text(text)
    return tmp_path


def run(*words, stdin=None):
    return CliRunner().invoke(main, [str(word) for word in words], input=stdin)


def process(*words, **options):
    """A real process, run by this Python."""
    command = [sys.executable, "-m", "archdsl", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=60, **options)


# check


def test_a_good_network_is_one_line():
    result = run("check", "good.arch")
    assert (result.exit_code, result.stdout, result.stderr) == (
        0,
        "Tiny: image [N, 1, 28, 28] -> [N, 10], 7,850 parameters\n",
        "",
    )


def test_a_network_shows_itself_as_that_line():
    net = archdsl.loads(GOOD)
    assert f"{net}\n" == run("check", "-", stdin=GOOD).stdout
    assert repr(net) == f"<{net}>"


def test_the_published_lenet():
    result = run("check", f"{LENET}:LeNet")
    assert result.stdout == "LeNet: image [N, 1, 28, 28] -> [N, 10], 61,706 parameters\n"


def test_a_mistake_goes_to_standard_error():
    result = run("check", "bad.arch")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "--> bad.arch:3:16" in result.stderr
    assert "did you mean relu?" in result.stderr
    assert result.stderr.endswith("\n1 error\n")


def test_a_directory_means_every_spec_below_it(folder):
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "last.arch").write_text(GOOD.replace("Tiny", "Last"))
    (folder / "deep" / "first.arch").write_text(GOOD.replace("Tiny", "First"))
    result = run("check", "deep")
    assert [line.partition(": image")[0] for line in result.stdout.splitlines()] == [
        os.path.join("deep", "er", "last.arch") + ":Last",
        os.path.join("deep", "first.arch") + ":First",
    ]
    everything = run("check", ".")
    assert everything.exit_code == 1
    assert len(everything.stdout.splitlines()) == 5


def test_a_target_named_twice_is_checked_once():
    assert run("check", "good.arch", "good.arch").stdout == run("check", "good.arch").stdout


def test_one_network_of_a_file():
    assert run("check", "two.arch:Other").stdout.startswith("Other: ")
    assert len(run("check", "two.arch").stdout.splitlines()) == 2


def test_an_unknown_network_is_told_with_those_that_are_there():
    result = run("check", "two.arch:Othr")
    assert result.exit_code in {1, 2}
    assert "Other" in result.stderr


def test_standard_input():
    assert run("check", "-", stdin=GOOD).stdout.startswith("Tiny: ")
    assert run("check", "--", "-:Other", stdin=TWO).stdout.startswith("Other: ")
    assert "name -- -:Tiny or -- -:Other" in run("summary", "-", stdin=TWO).stderr
    wrong = run("check", "-", stdin=BAD)
    assert wrong.exit_code == 1
    assert "<stdin>:3:16" in wrong.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_closed_standard_input_is_told_in_one_line():
    command = f"exec '{sys.executable}' -m archdsl check - <&-"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    assert (result.returncode, result.stderr) == (2, "Error: standard input is closed\n")


def test_settings_and_sizes(folder):
    Path("sized.arch").write_text(
        "network Sized(classes=10) {\n"
        "    input image: [N, 1, H, W]\n"
        "    conv(4, kernel=3) -> flatten -> linear(classes)\n"
        "}\n"
    )
    for size in ("image=2x1x28x28", "2x1x28x28"):
        result = run("check", "sized.arch", "--set", "classes=7", "--input", size)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith("Sized: image [2, 1, 28, 28] -> [2, 7], ")


@pytest.mark.parametrize(
    "words",
    [
        ["--set", "classes"],
        ["--set", "=7"],
        ["--set", "a=1", "--set", "a=2"],
        ["--input", "image=1xx2"],
        ["--input", "image=1x-3"],
        ["--input", "image="],
        ["--input", "1x2", "--input", "1x2"],
        ["--input", f"image={'9' * 5000}"],
        ["--format", "yaml"],
        ["--nonsense"],
    ],
)
def test_malformed_options_are_wrong_use(words):
    assert run("check", "good.arch", *words).exit_code == 2


# Targets that are no good


@pytest.mark.parametrize("command", [["check"], ["compile", "--backend", "numpy"]])
@pytest.mark.parametrize(
    "target", ["missing.arch", "missing.arch:Net", "empty", "empty:Net", "good.arch:not a name", ""]
)
def test_a_target_that_is_not_there_is_wrong_use_in_one_line(folder, command, target):
    (folder / "empty").mkdir()
    result = run(*command, target)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert (target or "Error") in result.stderr


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"# nothing\n", bytes(range(256)) * 8, b"\x89PNG\r\n\x1a\n\0\0", b"\0" * 99]
)
def test_a_file_with_wrong_content_is_an_error_of_the_spec(content):
    Path("odd.arch").write_bytes(content)
    result = run("check", "odd.arch")
    assert result.exit_code == 1
    assert result.stderr.startswith("error[")
    assert "odd.arch" in result.stderr


def test_marks_of_other_editors_are_no_mistake():
    Path("marked.arch").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    result = run("check", "marked.arch")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unreadable to root")
def test_an_unreadable_file_is_told_in_one_line():
    Path("good.arch").chmod(0)
    result = run("check", "good.arch")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no endless file here")
def test_an_endless_file_is_refused():
    result = run("check", "/dev/zero")
    assert result.exit_code == 1
    assert "error[file-too-large]" in result.stderr


# Forms of output


def test_json_has_networks_and_problems():
    result = run("check", "good.arch", "bad.arch", "--format", "json")
    assert (result.exit_code, result.stderr) == (1, "")
    content = json.loads(result.stdout)
    assert content["version"] == 1
    assert content["networks"] == [
        {
            "file": "good.arch",
            "name": "Tiny",
            "inputs": {"image": ["N", 1, 28, 28]},
            "outputs": {"out": ["N", 10]},
            "accepts": ["N >= 1"],
            "parameters": 7850,
        }
    ]
    (problem,) = content["problems"]
    assert set(problem) == {
        *("code", "severity", "message", "file", "line", "column", "end_line", "end_column"),
        *("labels", "notes", "help", "fix"),
    }
    assert (problem["file"], problem["line"], problem["column"], problem["end_column"]) == ("bad.arch", 3, 16, 21)


def test_sarif_names_rule_file_and_region():
    result = run("check", "bad.arch", "--format", "sarif")
    assert (result.exit_code, result.stderr) == (1, "")
    content = json.loads(result.stdout)
    assert content["version"] == "2.1.0"
    (job,) = content["runs"]
    (found,) = job["results"]
    assert job["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == found["ruleId"]
    (place,) = found["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "bad.arch"},
        "region": {"startLine": 3, "startColumn": 16, "endLine": 3, "endColumn": 21},
    }


def test_github_marks_the_line():
    result = run("check", "bad.arch", "--format", "github")
    assert (result.exit_code, result.stderr) == (1, "")
    (line,) = result.stdout.splitlines()
    assert line.startswith("::error title=")
    assert ",file=bad.arch,line=3,endLine=3,col=16,endColumn=21::" in line


def test_forms_without_problems():
    assert json.loads(run("check", "good.arch", "--format", "json").stdout)["problems"] == []
    assert json.loads(run("check", "good.arch", "--format", "sarif").stdout)["runs"][0]["results"] == []
    assert run("check", "good.arch", "--format", "github").stdout == ""


def test_colour_is_for_terminals_or_by_wish(monkeypatch):
    assert "\033[" not in run("check", "bad.arch").stderr
    assert "\033[" not in run("check", "bad.arch", "--color", "never").stderr
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033[" in run("check", "bad.arch", "--color", "always").stderr


# compile


@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_compile_writes_the_same_program_to_a_file_and_to_standard_output(backend):
    shown = run("compile", "good.arch", "--backend", backend)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert run("compile", "good.arch", "--backend", backend, "-o", "tiny.py").exit_code == 0
    assert Path("tiny.py").read_text() == shown.stdout
    compile(shown.stdout, "tiny.py", "exec")


def test_compile_wants_one_network():
    result = run("compile", "two.arch", "--backend", "torch")
    assert result.exit_code == 2
    assert "two.arch:Tiny or two.arch:Other" in result.stderr
    assert run("compile", "two.arch:Other", "--backend", "torch").exit_code == 0
    assert run("compile", ".", "--backend", "torch").exit_code == 2


def test_a_spec_with_mistakes_is_not_compiled():
    result = run("compile", "bad.arch", "--backend", "torch", "-o", "bad.py")
    assert result.exit_code == 1
    assert "error[" in result.stderr
    assert not Path("bad.py").exists()


@pytest.mark.parametrize("output", ["no/such/folder/tiny.py", ".", "good.arch/tiny.py", "", "x" * 300])
def test_what_cannot_be_written_is_told_in_one_line_and_leaves_nothing(folder, output):
    before = sorted(folder.rglob("*"))
    result = run("compile", "good.arch", "--backend", "torch", "-o", output)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert sorted(folder.rglob("*")) == before


def test_a_full_disk_leaves_the_old_file(folder, monkeypatch):
    Path("tiny.py").write_text("old")
    before = sorted(folder.rglob("*"))

    def full(before, after):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = run("compile", "good.arch", "--backend", "torch", "-o", "tiny.py")
    assert result.exit_code == 2
    assert "no space left on device" in result.stderr.lower()
    assert Path("tiny.py").read_text() == "old"
    assert sorted(folder.rglob("*")) == before


def test_the_spec_itself_is_never_overwritten():
    Path("link.py").symlink_to("good.arch")
    for output in ("good.arch", "./good.arch", "link.py"):
        assert run("compile", "good.arch", "--backend", "torch", "-o", output).exit_code == 2
    assert Path("good.arch").read_text() == GOOD


def test_links_and_permissions_survive():
    Path("real.py").write_text("old")
    Path("real.py").chmod(0o640)
    Path("link.py").symlink_to("real.py")
    assert run("compile", "good.arch", "--backend", "torch", "-o", "link.py").exit_code == 0
    assert Path("link.py").is_symlink()
    assert Path("real.py").read_text() != "old"
    assert stat.S_IMODE(Path("real.py").stat().st_mode) == 0o640


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no such device here")
def test_devices_are_written_to_not_replaced():
    assert run("compile", "good.arch", "--backend", "torch", "-o", "/dev/null").exit_code == 0
    assert not Path("/dev/null").is_file()


# ops, explain, zoo


def test_ops_lists_every_op():
    from archdsl.ops import OPS

    lines = run("ops").stdout.splitlines()
    assert [line.partition("(")[0] for line in lines[::2]] == list(OPS)
    assert {"dropout(p=0.5)", "softmax(axis=1)", "relu"} <= set(lines)


@pytest.mark.parametrize("subject", ["conv", "uneven-groups", "error[uneven-groups]"])
def test_explain_shows_the_page(subject):
    result = run("explain", subject)
    assert result.exit_code == 0
    assert "    conv(6" in result.stdout


def test_every_code_and_op_has_a_page():
    from archdsl.diagnostics import PROBLEMS
    from archdsl.ops import OPS

    for subject in [*OPS, *PROBLEMS]:
        assert len(run("explain", subject).stdout.splitlines()) > 2, f"{subject} has no page"


def test_explain_suggests_what_was_meant():
    result = run("explain", "uneven-group")
    assert result.exit_code == 2
    assert "did you mean uneven-groups" in result.stderr


def test_zoo_lists_and_copies(folder):
    assert run("zoo").stdout == run("zoo", "list").stdout
    assert any(line.startswith("lenet ") for line in run("zoo").stdout.splitlines())
    result = run("zoo", "copy", "lenet")
    assert (result.exit_code, result.stdout) == (0, "lenet.arch\n")
    assert run("check", "lenet.arch").exit_code == 0
    assert run("zoo", "copy", "lenet").exit_code == 0
    Path("lenet.arch").write_text(GOOD)
    again = run("zoo", "copy", "lenet")
    assert again.exit_code == 2
    assert "already there" in again.stderr
    assert Path("lenet.arch").read_text() == GOOD


@pytest.mark.parametrize("spec", sorted((ROOT / "specs").rglob("*.arch")), ids=lambda path: path.stem)
def test_a_copy_from_the_zoo_stands_alone(spec):
    name = spec.relative_to(ROOT / "specs").with_suffix("").as_posix()
    assert run("zoo", "copy", name).exit_code == 0
    copied = run("check", spec.name)
    assert copied.stdout == run("check", spec).stdout
    assert "bad-import" not in copied.stderr


@pytest.mark.parametrize("words", [["lenett"], ["../pyproject"], ["lenet", "no/such/folder"], []])
def test_wrong_copies_are_wrong_use(words):
    assert run("zoo", "copy", *words).exit_code == 2


# The process


def test_version_and_help():
    assert run("--version").stdout.startswith("archdsl ")
    for words in ([], ["check"], ["compile"], ["ops"], ["explain"], ["zoo"], ["zoo", "list"], ["zoo", "copy"]):
        assert "Example:" in run(*words, "--help").stdout, f"{words} shows no example"


def test_exit_codes_of_a_real_process():
    assert process("check", "good.arch").returncode == 0
    assert process("check", "bad.arch").returncode == 1
    assert process("check", "missing.arch").returncode == 2
    assert process("frobnicate").returncode == 2


def test_a_fault_of_ours_is_one_line_without_a_traceback(monkeypatch):
    def broken(*_):
        raise KeyError("spam")

    monkeypatch.setattr("archdsl.compiler.check_source", broken)
    result = run("check", "good.arch")
    assert result.exit_code == 3
    assert "Traceback" not in result.stderr
    assert "KeyError: 'spam'" in result.stderr
    assert "please report" in result.stderr


def test_an_interrupt_is_quiet(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("archdsl.compiler.check_source", interrupted)
    result = run("check", "good.arch")
    assert (result.exit_code, result.output) == (130, "")


@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="pipes end otherwise here")
def test_a_reader_that_leaves_is_no_fault():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "archdsl", "ops"]
    result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=60)
    os.close(writer)
    assert (result.returncode, result.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_standard_output_is_told_in_one_line():
    command = [sys.executable, "-m", "archdsl", "ops"]
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=60)
    assert result.returncode == 2
    assert result.stderr == b"Error: [Errno 28] No space left on device\n"


def test_a_terminal_without_unicode_gets_escapes(folder):
    (folder / "größe.arch").write_text(GOOD)
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = [sys.executable, "-m", "archdsl", "check", "größe.arch", "good.arch"]
    result = subprocess.run(command, capture_output=True, env=environment, timeout=60)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"Tiny" in result.stdout


@pytest.mark.parametrize("words", [["check", "good.arch"], ["check", "bad.arch", "--format", "json"], ["compile"]])
def test_checking_and_writing_torch_import_neither_torch_nor_numpy(words):
    words = ["compile", "good.arch", "--backend", "torch"] if words == ["compile"] else words
    program = (
        "import sys; from archdsl.cli import main\n"
        f"try: main({words!r})\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'scipy', 'sympy', 'rich', 'importlib.metadata'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=ENVIRONMENT, timeout=60
    )
    assert result.returncode == 0, result.stderr


def test_show_prints_the_graph_and_the_tree(tmp_path: Path) -> None:
    spec = tmp_path / "t.arch"
    spec.write_text("network t {\n    input x: [N, 4]\n    fc = linear(3) -> relu\n}\n")
    graph = CliRunner().invoke(main, ["show", "--stage", "graph", str(spec)])
    assert graph.exit_code == 0
    assert "fc = linear(x, features=3)" in graph.output
    definitions = CliRunner().invoke(main, ["show", "--stage", "definitions", str(spec)])
    assert "network t\n    input x: [N, 4]\n    fc = linear(3)\n    relu" in definitions.output
    tree = CliRunner().invoke(main, ["show", "--stage", "tree", f"{spec}:t"])
    assert tree.exit_code == 0
    assert "InputDeclaration 2:5 name=x" in tree.output
    assert CliRunner().invoke(main, ["show", "--stage", "tree", str(tmp_path)]).exit_code in (0, 2)
    assert CliRunner().invoke(main, ["show", "--stage", "graph", str(tmp_path / "no.arch")]).exit_code == 2
    spec.write_text("network t {\n    rellu\n}\n")
    assert CliRunner().invoke(main, ["show", "--stage", "graph", str(spec)]).exit_code == 1


def test_settings_and_sizes_that_do_not_fit_are_all_that_is_told(tmp_path):
    spec = tmp_path / "pair.arch"
    spec.write_text(
        """network Pair(width=4) {
    input left: [N, 3, H, W]
    input right: [N, 3, H, W]
    add { | left | right } -> conv(width, kernel=1)
}"""
    )
    wrong = run("check", spec, "--set", "width=[4")
    assert wrong.exit_code == 1
    assert (wrong.stdout, wrong.stderr.count("error[")) == ("", 1)
    assert "'width=' is not of the form NAME=VALUE" in run("check", spec, "--set", "width=").stderr
    wrong = run("check", spec, "--input", "left=1x3x8x8", "--input", "right=1x3x8x9")
    assert wrong.stderr.count("error[") == 1
    assert "axis 3 of right must be 8, and is given as 9" in wrong.stderr
    assert "did you mean right?" in run("check", spec, "--input", "rihgt=1x3x8x8").stderr
