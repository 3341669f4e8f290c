"""The heads of written files: the spec's path as it was given, a hash of its text, the compiler's version."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from support.places import ROOT

import archdsl

SPEC = 'from "parts.arch" import part\n\nnetwork Net(width=4) { input image: [N, 3, H, W]\n part(width) -> relu }\n'
PARTS = "block part(channels) { conv(channels, kernel=1) }\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "net.arch").write_text(SPEC)
    (tmp_path / "specs" / "parts.arch").write_text(PARTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def digits(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def test_a_file_says_where_it_comes_from(folder: Path) -> None:
    net = archdsl.load("specs/net.arch", width=8, sizes={"image": (1, 3, 8, 8)})
    told = (
        f"Net of specs/net.arch (sha256 {digits(SPEC)}) with width=8, image=1x3x8x8, "
        f"compiled by archdsl {archdsl.__version__}."
    )
    imported = f"Imported: specs/parts.arch (sha256 {digits(PARTS)})."
    assert " ".join(net.torch_source().split('"""')[1].split()) == f"{told} {imported}"
    assert net.numpy_source().startswith(f"# {told}\n#\n# {imported}\n")


def test_a_head_changes_with_the_text_alone(folder: Path) -> None:
    spec = folder / "specs" / "net.arch"
    before = archdsl.load("specs/net.arch").torch_source()
    spec.touch()
    assert archdsl.load("specs/net.arch").torch_source() == before
    spec.write_text(f"{SPEC}\n")
    after = archdsl.load("specs/net.arch").torch_source()
    assert after != before
    assert after.splitlines()[3:] == before.splitlines()[3:]


def test_two_processes_write_the_same_bytes(folder: Path) -> None:
    code = "import archdsl; print(archdsl.load('specs/net.arch').torch_source())"
    root = str(ROOT)
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": root, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


def test_no_absolute_path_that_was_not_given(folder: Path) -> None:
    assert str(folder) not in archdsl.load("specs/net.arch").torch_source()
    assert str(folder) in archdsl.load(folder / "specs" / "net.arch").torch_source()
