"""`archdsl check --watch`, as a terminal runs it, and the hooks for pre-commit."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import Empty, Queue

import pytest
from click.testing import CliRunner
from support.places import ROOT

from archdsl.cli import main
from archdsl.watch import changes, state

GOOD = "network t {\n    input x: [N, 3]\n    relu\n}\n"


class Watcher:
    """The command in a process of its own; what it says can be waited for."""

    def __init__(self, *words: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "archdsl", "check", "--watch", *map(str, words)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.said: Queue[str] = Queue()
        self.heard: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            self.said.put(line)

    def wait_for(self, words):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                line = self.said.get(timeout=1)
            except Empty:
                assert self.process.poll() is None, "".join(self.heard)
                continue
            self.heard.append(line)
            if words in line:
                return
        raise AssertionError(f"{words!r} was not said: {''.join(self.heard)}")


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_a_change_is_checked_again_and_ctrl_c_ends_it_well(tmp_path):
    net = tmp_path / "net.arch"
    net.write_text(GOOD)
    watcher = Watcher(net)
    try:
        watcher.wait_for("t: x [N, 3] -> [N, 3]")
        watcher.wait_for("watching 1 file;")
        net.write_text(GOOD.replace("relu", "rellu"))
        watcher.wait_for("error[unknown-name]")
        watcher.wait_for("watching")
        net.unlink()
        watcher.wait_for("no such file")
        (tmp_path / "unit.arch").write_text("block unit { tanh }\n")
        draft = tmp_path / "draft"
        draft.write_text('from "unit.arch" import unit\n\n' + GOOD.replace("relu", "unit"))
        draft.replace(net)
        watcher.wait_for("watching 2 files;")
        (tmp_path / "unit.arch").write_text("block unit { linear(5) }\n")
        watcher.wait_for("[N, 5]")
        watcher.wait_for("watching")
        watcher.process.send_signal(signal.SIGINT)
        assert watcher.process.wait(60) == 0
    finally:
        watcher.process.kill()
    assert "Traceback" not in "".join(watcher.heard)


def test_standard_input_is_not_watched():
    shown = CliRunner().invoke(main, ["check", "--watch", "-"], input=GOOD)
    assert shown.exit_code == 2
    assert "standard input does not change" in shown.stderr


def test_a_file_that_is_not_there_is_told_at_once(tmp_path):
    shown = CliRunner().invoke(main, ["check", "--watch", str(tmp_path / "net.arch")])
    assert shown.exit_code == 2


def test_state_follows_imports_that_lead_in_a_circle(tmp_path):
    (tmp_path / "a.arch").write_text('from "b.arch" import x\nfrom "gone.arch" import y\n')
    (tmp_path / "b.arch").write_text('from "a.arch" import y\n')
    found = state([str(tmp_path / "a.arch")])
    assert {path.name for path in found} == {"a.arch", "b.arch", "gone.arch"}
    assert found[tmp_path / "gone.arch"] is None


def test_only_changes_are_told():
    looks = iter([{}, {}, {Path("a"): None}, {Path("a"): None}, {}])
    told = changes(lambda: next(looks), pause=0)
    assert [next(told), next(told), next(told)] == [{}, {Path("a"): None}, {}]


def test_the_hooks_run_commands_that_there_are(tmp_path):
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"^  entry: archdsl (.*)$", hooks, re.M)
    assert len(entries) == hooks.count("- id: ") == hooks.count("files: \\.arch$")
    (tmp_path / "net.arch").write_text(GOOD)
    for entry in entries:
        assert CliRunner().invoke(main, [*entry.split(), str(tmp_path / "net.arch")]).exit_code == 0
