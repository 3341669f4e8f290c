"""The emitted files of the whole zoo: they stand by themselves, and look as a careful engineer leaves a file."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
from support.places import ROOT

import archdsl

ALONE = """
import sys
from pathlib import Path

folder, root = sys.argv[1:]
sys.path = [folder, *(path for path in sys.path if path and Path(path).resolve() != Path(root))]

import torch

inputs = {}
for line in Path(folder, "inputs.txt").read_text().splitlines():
    name, *sizes = line.split()
    inputs[name] = [int(size) for size in sizes]
with torch.device("meta"):
    for file, sizes in inputs.items():
        network = getattr(__import__(file), file)
        if sizes:
            print(file, list(network().eval()(torch.empty(sizes)).shape))
assert "archdsl" not in sys.modules
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    shutil.copy(ROOT / "pyproject.toml", folder)
    inputs = []
    with chdir(ROOT):
        for spec in sorted(Path("specs").glob("*.arch")):
            report = archdsl.check(spec)
            for net in report.networks:
                (folder / f"{net.name}.py").write_text(net.torch_source(), encoding="utf-8")
                (shape,) = net.inputs.values()
                sizes = [dim if isinstance(dim, int) else 2 if dim == shape.batch else 64 for dim in shape.dims]
                inputs.append(" ".join([net.name, *(map(str, sizes) if net is report.networks[0] else ())]))
    (folder / "inputs.txt").write_text("\n".join(inputs))
    return folder


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_file_runs_with_torch_alone(written: Path) -> None:
    """All of them are imported, the first network of each spec takes an input."""
    pytest.importorskip("torch")
    shown = run(written, sys.executable, "-c", ALONE, str(written), str(ROOT))
    assert "ResNet18 [2, 1000]" in shown
    assert len(shown.splitlines()) == len(list((ROOT / "specs").glob("*.arch")))


@pytest.mark.parametrize("command", (["check"], ["format", "--check"]), ids=" ".join)
def test_ruff_has_nothing_to_say(written: Path, command: list[str]) -> None:
    ruff = shutil.which("ruff", path=Path(sys.executable).parent) or shutil.which("ruff")
    if not ruff:
        pytest.skip("ruff is not installed")
    run(written, ruff, *command, "--no-cache", ".")


def test_mypy_has_nothing_to_say(written: Path) -> None:
    pytest.importorskip("mypy")
    pytest.importorskip("torch")
    run(written, sys.executable, "-m", "mypy", "--strict", *(path.name for path in sorted(written.glob("*.py"))))


def test_the_page_has_the_lines_of_every_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    script = runpy.run_path(str(ROOT / "benchmarks" / "emitted_lines.py"))
    page: Callable[[dict[str, int]], str] = script["page"]
    stands = script["PAGE"].read_text(encoding="utf-8")
    assert page(script["known"](stands)) == stands, "run python benchmarks/emitted_lines.py"
