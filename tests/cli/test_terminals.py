"""Nothing that a file's name, a spec or a setting holds speaks to a terminal or to the service that shows a log."""

from __future__ import annotations

import ast
import json
import os
import re
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archdsl
from archdsl.cli import main
from archdsl.compiler import check_source
from archdsl.diagnostics.render import render
from archdsl.source import FORBIDDEN, Source, visible

NASTY = [
    "\x1b[2J",
    "a\nb",
    "a\r::error::b",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\u202egnp",
    "\u2066a\u2069",
    "a\u2028b\x85c",
    "\x7f\x08\x08",
    "::error::x",
    "  ::stop-commands::x",
    "##[error]x",
    "##vso[task.setvariable variable=a]b",
    '"""\n#-*- coding: utf-7 -*-\nimport os',
    "\udcff\udc80",
    "</script><!-- script -->",
    "<b>|`x`|</b>",
    "-x",
    "%0A::error::x",
]
GOOD = "network t {\n    input x: [N, 4, 8, 8]\n    conv(4, kernel=1)\n}\n"
COMMANDS = [
    ("check",),
    ("check", "--color", "always"),
    *(("check", "--format", form) for form in ("json", "sarif", "github")),
    ("check", "--fix"),
    ("fmt", "--diff", "--check"),
    ("fmt",),
    ("compile", "--backend", "torch"),
    ("compile", "--backend", "numpy"),
    *(("graph", "--format", form) for form in ("html", "dot", "mermaid")),
    *(("summary", "--format", form) for form in ("text", "json", "markdown", "csv")),
    ("show", "--stage", "tree"),
    ("show", "--stage", "graph"),
    ("explain",),
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def unfit(shown: str, commands: bool = False) -> list[str]:
    """What in an output would act; a `::` at the start of a line may where the output is made of commands."""
    shown = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    found = [repr(match[0]) for match in FORBIDDEN.finditer(shown)]
    found += re.findall(r"##\w*\[", shown)
    return found + [line for line in shown.splitlines() if line.lstrip().startswith("::") and not commands]


@pytest.mark.parametrize("name", NASTY, ids=ascii)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("text", [GOOD, GOOD.replace("conv", "convv"), "\x1b[2J", "a"], ids=["good", "bad", "esc", "a"])
def test_names_of_files(name, command, text):
    file = Path(f"{name.replace('/', '_')}.arch")
    file.write_bytes(text.encode())
    shown = run(*command, f"./{file}")
    assert shown.exit_code in (0, 1, 2), shown.output
    assert not unfit(shown.output.replace("./::", "::"), commands="github" in command)
    if "github" in command:
        starts = [line for line in shown.stdout.splitlines() if line.lstrip().startswith("::")]
        assert all(re.match(r"::(error|warning|notice) title=[\w-]+,file=[^:]*,line=\d+", line) for line in starts)
        assert len(starts) == shown.stdout.count("title=")
    if shown.exit_code == 0 and command[0] == "compile":
        assert ast.parse(shown.stdout)
    if command[-1] in ("json", "sarif") and shown.stdout:
        assert json.loads(shown.stdout)


@pytest.mark.parametrize("name", NASTY, ids=ascii)
def test_names_at_the_start_of_lines_and_on_the_command_line(name):
    if "/" not in name:
        for number in (1, 2):
            Path(f"{name}{number}.arch").write_text(GOOD)
        shown = run("check", "--", f"{name}1.arch", f"{name}2.arch")
        assert shown.exit_code == 0
        assert not unfit(shown.output)
        Path(name).mkdir()
        assert not unfit(run("zoo", "copy", "--", "lenet", name).output)
    Path("net.arch").write_text(GOOD)
    for words in (
        ["check", name],
        ["check", f"net.arch:{name}"],
        ["check", "net.arch", "--set", name],
        ["check", "net.arch", "--set", f"a={name}"],
        ["check", "net.arch", "--set", f'a="{name}"'],
        ["check", "net.arch", "--input", name],
        ["check", "net.arch", "--limit", name],
        ["check", "net.arch", "--format", name],
        ["explain", name],
        ["zoo", "copy", name],
        ["diff", name, "net.arch"],
        ["diff", f"{name}:net.arch", "net.arch"],
        ["graph", "net.arch", "-o", name],
        ["graph", "net.arch", "--open", name],
        ["compile", "net.arch", "--backend", "torch", "-o", f"{name}/x"],
        ["compile", "net.arch", "--backend", "torch", "--checkpoint", name],
        [name],
        [f"--{name}"],
        ["check", f"--{name}", "net.arch"],
    ):
        shown = run(*words)
        assert shown.exit_code in (0, 1, 2), (words, shown.output)
        assert not unfit(shown.output), words


@pytest.mark.parametrize("name", ["a\\nb", "\\n::error::x", "::error::x", "##[error]x", "\\t", "</script>", "|`x`|"])
def test_strings_of_a_spec(name):
    Path("net.arch").write_text(
        f"## {name}\nblock b(s) {{\n    ## {name}\n    conv(4, kernel=1)  # {name}\n}}\n"
        f'## {name}\nnetwork t(s="{name}") {{\n    input x: [N, 4, 8, 8]\n    b("{name}") -> b(s)\n}}\n'
    )
    for command in COMMANDS[:-1]:
        shown = run(*command, "net.arch")
        assert shown.exit_code in (0, 1), shown.output
        if command[0] not in ("compile", "fmt", "show", "graph"):  # these hold the text of the spec, as comments do
            assert not unfit(shown.output, "github" in command), command
    for body in (f'b("{name}")', f'"{name}" = relu', f'conv("{name}")', f'upsample(2, mode="{name}")', f'"{name}"'):
        shown = run("check", "net.arch", "--set", f's="{name}"')
        Path("bad.arch").write_text(f"network t {{\n    input x: [N, 4, 8, 8]\n    {body}\n}}\n")
        shown = run("check", "bad.arch")
        assert shown.exit_code == 1
        assert not unfit(shown.output), body


@pytest.mark.parametrize(
    "char", ["\0", "\x1b", "\x7f", "\x85", "\x9b", "\u2028", "\u202e", "\u2066", "\ud800", "\r"], ids=ascii
)
def test_a_spec_holds_nothing_that_is_not_seen(char):
    for text in (f"network t {{ input x: [N, 4]\n relu # {char}a\n}}\n", char, f"a{char}b", f"fn f(x) = x {char}"):
        report = check_source(Source("net.arch", text))
        assert [problem.code for problem in report.problems] == ["control-character"]
        assert not unfit(render(report.problems))
        assert report.problems[0].span.text == char
        with pytest.raises(archdsl.ArchError):
            archdsl.format(text)
        with pytest.raises(archdsl.ArchError):
            archdsl.loads(text)


def test_columns_stay_where_signs_are_replaced():
    (problem, *_) = check_source(
        Source("net.arch", "network t {\n    input x: [N, 4]\n    ##[a]\n    relu \x1b[1m\n}\n")
    ).problems
    shown = render([problem]).splitlines()
    assert shown[3] == "4 |     relu \N{REPLACEMENT CHARACTER}[1m"
    assert shown[4] == "  |          ^"


@settings(max_examples=300, deadline=None)
@given(st.text(st.one_of(st.characters(), st.sampled_from(":#[\n\r\t \x1b\u202e\udcff"))))
def test_visible_text_is_one_line_without_effect_and_stays_as_it_is(text):
    shown = visible(text)
    assert not unfit(shown)
    assert len(shown.splitlines()) <= 1
    assert visible(shown) == shown


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(min_size=1, max_size=40).filter(lambda name: not set(name) & {0, 47}))
def test_any_bytes_as_a_name(name):
    with tempfile.TemporaryDirectory() as folder:
        file = os.fsencode(folder) + b"/" + name + b".arch"
        try:
            Path(os.fsdecode(file)).write_text("network t {\n    input x: [N, 4]\n    rellu\n}\n")
        except OSError:
            return
        for form in ("text", "json", "sarif", "github"):
            shown = run("check", "--format", form, os.fsdecode(file))
            assert shown.exit_code == 1
            assert not unfit(shown.output, commands=form == "github")
