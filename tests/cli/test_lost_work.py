"""No work is lost: not an edit made meanwhile, not a spec that was read, nothing outside the folder that was named."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.places import ROOT

from archdsl import output
from archdsl.cli import main
from archdsl.output import Changed, LeadsOut, write_whole

GOOD = "network t {\n    input x: [N, 4]\n    relu\n}\n"
UGLY = GOOD.replace("    relu", "  relu")
WRONG = GOOD.replace("relu", "rellu")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def edited_while_written(monkeypatch, file, text):
    """Somebody edits a file when the command has read it and wants to write it."""
    take_over = output._take_over

    def edit(path, number):
        if path.name == file:
            path.write_text(text) if text is not None else path.unlink()
        take_over(path, number)

    monkeypatch.setattr(output, "_take_over", edit)


@pytest.mark.parametrize("command", [("fmt",), ("check", "--fix")])
@pytest.mark.parametrize("edit", [GOOD + "# mine\n", "", UGLY[:-1], UGLY + " ", None])
def test_an_edit_made_meanwhile_wins_and_the_other_files_are_written(command, edit, monkeypatch):
    before = UGLY if command == ("fmt",) else WRONG
    for name in ("a.arch", "b.arch", "c.arch"):
        Path(name).write_text(before)
    edited_while_written(monkeypatch, "b.arch", edit)
    shown = run(*command, ".")
    assert shown.exit_code == 2
    assert "b.arch: it was changed meanwhile; this file was not written" in shown.stderr
    assert [Path(name).read_text() for name in ("a.arch", "c.arch")] == [GOOD, GOOD]
    assert Path("b.arch").read_text() == edit if edit is not None else not Path("b.arch").exists()
    assert not list(Path().glob(".*"))


@pytest.mark.parametrize("command", [("compile", "--backend", "torch"), ("graph", "--format", "dot")])
@pytest.mark.parametrize("spelling", ["unit.arch", "./unit.arch", "sub/../unit.arch", "link", "hard", "{absolute}"])
def test_no_spec_that_was_read_is_replaced(command, spelling, folder):
    Path("sub").mkdir()
    Path("unit.arch").write_text("block unit { relu }\n")
    Path("middle.arch").write_text('from "unit.arch" import unit\nblock middle { unit }\n')
    Path("net.arch").write_text('from "middle.arch" import middle\n' + GOOD.replace("relu", "middle"))
    Path("link").symlink_to("unit.arch")
    os.link("unit.arch", "hard")
    before = {path: path.read_bytes() for path in folder.rglob("*.arch")}
    shown = run(*command, "net.arch", "-o", spelling.format(absolute=folder / "unit.arch"))
    assert shown.exit_code == 2
    assert "a spec that it imports" in shown.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*.arch")} == before
    assert run(*command, "net.arch", "-o", "net.arch").exit_code == 2


@pytest.mark.parametrize("command", [("fmt",), ("check", "--fix")])
def test_links_of_a_folder_are_followed_inside_it_alone(command):
    before = UGLY if command == ("fmt",) else WRONG
    Path("in").mkdir()
    Path("out.arch").write_text(before)
    Path("in/net.arch").write_text(before)
    Path("in/other.txt").write_text(before)
    for name, end in {"same": "net.arch", "text": "other.txt", "leads_out": "../out.arch", "loop": "loop.arch"}.items():
        Path(f"in/{name}.arch").symlink_to(end)
    shown = run(*command, "in")
    assert shown.exit_code == 0
    assert "in/leads_out.arch: this link leads out of in, and is passed over" in shown.stderr
    assert Path("out.arch").read_text() == before
    assert Path("in/net.arch").read_text() == Path("in/other.txt").read_text() == GOOD
    assert all(Path(f"in/{name}.arch").is_symlink() for name in ("same", "text", "leads_out"))
    shown = run(*command, "in/leads_out.arch")
    assert shown.exit_code == 2
    assert "leads out of its folder" in shown.stderr
    assert Path("out.arch").read_text() == before


@pytest.mark.parametrize("there", [True, False])
def test_no_output_is_written_through_a_link_that_leads_out(there, tmp_path):
    Path("net.arch").write_text(GOOD)
    Path("work").mkdir()
    if there:
        Path("victim.py").write_text("mine")
    Path("work/out.py").symlink_to("../victim.py")
    Path("work/lenet.arch").symlink_to("../victim.py")
    shown = run("compile", "net.arch", "--backend", "torch", "-o", "work/out.py")
    assert shown.exit_code == 2
    assert str(tmp_path / "victim.py") in shown.stderr
    assert run("zoo", "copy", "lenet", "work").exit_code == 2
    assert Path("victim.py").read_text() == "mine" if there else not Path("victim.py").exists()


def test_what_is_no_plain_file_is_not_formatted():
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(Changed):
        write_whole(Path("pipe"), GOOD, over=UGLY.encode())
    os.close(reader)


def test_a_failure_leaves_the_old_file_and_nothing_else(monkeypatch):
    Path("net.arch").write_text(UGLY)
    for call in ("fsync", "link", "replace"):
        with monkeypatch.context() as broken:
            broken.setattr(os, call, lambda *_, **__: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            shown = run("fmt", "net.arch")
        assert shown.exit_code == 2
        assert "no space left" in shown.stderr.lower()
        assert Path("net.arch").read_text() == UGLY
        assert os.listdir() == ["net.arch"]


def test_systems_without_files_that_have_no_name(monkeypatch):
    monkeypatch.setattr(output, "_unnamed", lambda _: None)
    Path("net.arch").write_text(UGLY)
    os.chmod("net.arch", 0o640)
    assert run("fmt", "net.arch").exit_code == 0
    assert (Path("net.arch").read_text(), os.listdir()) == (GOOD, ["net.arch"])
    assert os.stat("net.arch").st_mode & 0o777 == 0o640


def test_drafts_of_those_who_were_killed_are_removed():
    old, new, other = Path(".archdsl-0123.tmp"), Path(".archdsl-4567.tmp"), Path(".archdsl.tmp")
    for draft in (old, new, other):
        draft.touch()
    os.utime(old, (0, 0))
    write_whole(Path("x"), "")
    assert sorted(os.listdir()) == [new.name, other.name, "x"]


def test_links_in_a_path_are_the_users_own():
    Path("real").mkdir()
    Path("short").symlink_to("real")
    write_whole(Path("short/x"), "1")
    assert Path("real/x").read_text() == "1"
    Path("real/y").symlink_to("../z")
    with pytest.raises(LeadsOut):
        write_whole(Path("short/y"), "1")


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="such files are Linux's own")
def test_a_kill_leaves_old_or_new():
    Path("net.arch").write_text(UGLY)
    chance = random.Random(0)
    writing = (
        "from pathlib import Path\nfrom archdsl.output import write_whole\n"
        "print(flush=True)\nfor size in range(10**9):\n"
        " write_whole(Path('net.arch'), 'x' * (size % 7) * 100_000 + '.')"
    )
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", writing],
            stdout=subprocess.PIPE,
            cwd=".",
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert child.stdout
        child.stdout.readline()
        time.sleep(chance.random() / 10)
        child.send_signal(signal.SIGKILL)
        child.wait()
        text = Path("net.arch").read_text()
        assert text == UGLY or (text.endswith(".") and set(text[:-1]) <= {"x"} and len(text) % 100_000 == 1)
        drafts = list(Path().glob(output.DRAFT))
        assert all(draft.stat().st_size % 100_000 == 1 for draft in drafts)  # complete, between its two last steps
        for draft in drafts:
            draft.unlink()
