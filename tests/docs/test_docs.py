"""The README and the pages in `docs/` say what is so: every block of code in them is run.

    ```arch                     a spec that passes the check, unless an errors block follows
    ```arch fragment [N, 64]    statements of a network whose input x has this shape
    ```arch op                  the example of an op, with the shapes that its comments state
    ```errors                   the diagnostics of the spec above; graph, state, torch likewise (`support/views.py`)
    ```python                   runs, in the repository's root
    ```console                  archdsl or torchrun after `$ `, and what it prints

A comment above a block says more of it: `<!-- file: NAME -->` gives a spec a file, next to those before it on the
page, and commands that name such a file run beside it; a picture that they write and the page shows is compared with
the page's own. A program that has a file is run by such commands alone. `<!-- emitted: torch TARGET -->` is the
program that the compiler writes for a target, `<!-- part: numpy TARGET -->` a part of it. Blocks of sh are run beside
the specs, unless the comment says that the gate does it or why nobody does. `pytest --update-golden` rewrites what
follows from something else.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.doc_examples import op_examples
from support.places import ROOT
from support.views import VIEWS

import archdsl
from archdsl.cli import main
from archdsl.compiler import Report, check_source
from archdsl.diagnostics.render import render
from archdsl.elaborate.builtins import BUILTINS
from archdsl.elaborate.evaluate import ATTRIBUTES
from archdsl.elaborate.files import MARKS
from archdsl.limits import DEFAULT
from archdsl.source import Source
from archdsl.syntax.words import RESERVED

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^(?:<!-- (?P<mark>.*?) -->\n)?```(?P<info>\S.*?)\n(?P<body>.*?)^```$", re.M | re.S)
NOT_EVERYWHERE = {"torch", "onnxruntime", "onnxscript", "safetensors"}
NOT_RUN = {"text", "ebnf", "json", "yaml"}
LANGUAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")


class Page:
    """A page while its blocks are run from the top to the bottom."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self.folder = folder
        self.report: Report | None = None
        self.open: str | None = None
        self.left: list[str] = []

    def run(self) -> str:
        """The page as it should be."""
        text = BLOCK.sub(self._block, self.path.read_text(encoding="utf-8"))
        self._settle()
        return text

    def _block(self, match: re.Match[str]) -> str:
        word, _, rest = match["info"].partition(" ")
        body = match["body"]
        if word in VIEWS:
            assert self.report, f"a {word} block before any spec"
            self.open = None
            made = VIEWS[word](self.report)
        else:
            self._settle()
            made = RULES[word](self, body, rest, match["mark"] or "")
        if made is None:
            return match[0]
        shown = "\n".join(line.rstrip() for line in made.strip("\n").splitlines())
        head = match[0][: match.start("body") - match.start()]
        return f"{head}{shown}\n```" if shown else f"{head}```"

    def _settle(self) -> None:
        """A spec that no view has shown the mistakes of has none."""
        assert self.open is None, f"{self.path.name}: this block does not pass the check\n\n{self.open}"

    def check(self, report: Report) -> None:
        self.report = report
        self.open = None if report.ok and report.networks else render(report.problems) or "it has no network"

    def arch(self, body: str, rest: str, mark: str) -> None:
        kind, _, shape = rest.partition(" ")
        if kind == "op":
            for shown in op_examples(body, self.left):
                report = check_source(Source("net.arch", shown.spec))
                assert report.ok, render(report.problems)
                assert shown.after in ([], [str(shape) for shape in report.networks[0].outputs.values()])
        elif kind == "fragment":
            self.check(check_source(Source("net.arch", f"network t {{ input x: {shape}\n{body}\n}}")))
        elif mark.startswith("file: "):
            path = self.folder / mark.removeprefix("file: ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body, encoding="utf-8")
            if "network" in body:
                self.check(archdsl.check(path))
        else:
            assert not rest, f"what is arch {rest}?"
            self.check(check_source(Source("net.arch", body)))

    def python(self, body: str, rest: str, mark: str) -> str | None:
        kind, _, words = mark.partition(": ")
        if kind in ("emitted", "part"):
            backend, target = words.split()
            with chdir(ROOT):
                network = archdsl.load(target)
            source = network.torch_source() if backend == "torch" else network.numpy_source()
            assert kind == "emitted" or body in source, f"the {backend} program of {target} has no part such as\n{body}"
            return source if kind == "emitted" else None
        for package in NOT_EVERYWHERE & set(re.findall(r"\w+", body)):
            pytest.importorskip(package, reason=f"the example needs {package}")
        if kind == "file":
            (self.folder / words).write_text(body, encoding="utf-8")
            return None
        exec(compile(body, f"{self.path.name}", "exec"), {"__name__": "__example__"})
        return None

    def console(self, body: str, rest: str, mark: str) -> str:
        lines = []
        for command in re.findall(r"^\$ (.*)$", body, re.M):
            name, *words = shlex.split(command)
            with chdir(self.folder if self._names_a_file(words) else ROOT):
                lines += [f"$ {command}", COMMANDS[name](words).rstrip("\n"), ""]
        assert lines, "no command after a $"
        return "\n".join(lines)

    def _names_a_file(self, words: list[str]) -> bool:
        return any((self.folder / word.partition(":")[0]).is_file() for word in words)

    def shell(self, body: str, rest: str, mark: str) -> None:
        """Commands that print nothing worth showing: in a folder that has the specs, each must do its work."""
        if mark.startswith(("ci: ", "not run: ")):
            return
        if not (self.folder / "specs").exists():
            shutil.copytree(ROOT / "specs", self.folder / "specs")
        for line in body.splitlines():
            words = shlex.split(line, comments=True)
            assert words[0] == "archdsl", f"{line} is not run here; say why in a comment: <!-- not run: … -->"
            with chdir(self.folder):
                done = CliRunner().invoke(main, words[1:])
            assert done.exit_code == 0, f"{line}\n{done.output}"

    def skip(self, body: str, rest: str, mark: str) -> None:
        pass


ABORTED = "terminate called without an active exception"
"""What torch 2.13 says when it aborts while a process ends, about once in thirty runs, whatever the process did."""


def torchrun(words: list[str]) -> str:
    """What the processes print that torch's launcher starts, on one thread each; again if they abort at their end."""
    command = [sys.executable, "-m", "torch.distributed.run", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    for _ in range(2):
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
        if ABORTED not in run.stderr:
            break
    assert run.returncode == 0, run.stderr
    return run.stdout


COMMANDS: dict[str, Callable[[list[str]], str]] = {
    "archdsl": lambda words: CliRunner().invoke(main, words).output,
    "torchrun": torchrun,
}

RULES: dict[str, Callable[[Page, str, str, str], str | None]] = {
    "arch": Page.arch,
    "python": Page.python,
    "console": Page.console,
    "sh": Page.shell,
    **dict.fromkeys(NOT_RUN, Page.skip),
    **dict.fromkeys(("{toctree}", "{eval-rst}"), Page.skip),
}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_page(path: Path, tmp_path: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / MARKS[0]).touch()
    fresh = Page(path, tmp_path).run()
    shown = [picture for picture in tmp_path.glob("*.svg") if f"]({picture.name})" in fresh]
    made = {path.with_name(picture.name): picture.read_text(encoding="utf-8") for picture in shown}
    for file, text in {path: fresh, **made}.items():
        if pytestconfig.getoption("--update-golden"):
            file.write_text(text, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == text, f"{file.name} is out of date"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    prose = BLOCK.sub("", path.read_text(encoding="utf-8"))
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", prose):
        page = path.parent / target if target else path
        assert page.exists(), f"{path.name} leads to {target}, which does not exist"
        if anchor:
            titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
            assert anchor in map(_anchor, titles), (
                f"{path.name} leads to #{anchor} of {page.name}, which does not exist"
            )


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_the_language_reference_has_every_word() -> None:
    for name in [*RESERVED, *BUILTINS]:
        assert f"`{name}" in LANGUAGE, f"docs/language.md does not mention {name}"
    for name in ATTRIBUTES:
        assert f"`.{name}`" in LANGUAGE, f"docs/language.md does not mention .{name}"


def test_the_language_reference_has_every_limit() -> None:
    for name, limit in DEFAULT.values().items():
        assert f"| `{name}` | {limit:,} |" in LANGUAGE, f"docs/language.md has another limit for {name} than {limit:,}"
