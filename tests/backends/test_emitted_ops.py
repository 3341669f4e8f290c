"""Emitted files with every op in them: they run, and linter and type checker are content."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.op_specs import SPECS as SMALL
from support.op_specs import spec
from support.places import ROOT
from support.texts import ENCODER, LENET, RANDOM

import archdsl

SPECS = {
    **{name: spec(name) for name in SMALL},
    "encoder": ENCODER,
    "lenet": LENET,
    "colours": "network Colours { input image: [N, 3, H, W]\n "
    + " -> ".join([*RANDOM.values(), "normalize([0.5, 0.4, 0.3], 0.25)"])
    + " }",
    "initial": "network Initial { input x: [N, T, 8]\n"
    "attention_with_a_name_that_is_rather_long = attention(2, causal=true, init=normal(0.02), dropout=0.1)\n"
    "attention(4, init=kaiming_normal, bias=false) -> relu -> short = attention(2) }",
    "bends": "network Bends { input x: [N, 4, 5, 5]\n conv(8, kernel=3) -> elu(0.5)\n conv(8, kernel=1) -> leaky_relu\n"
    "conv(8, kernel=1) -> softplus(2.0, threshold=3.0)\n linear(4, axis=-1) -> softplus(threshold=-1.0) }",
    "flips": "block flips(p, side, by) { random_flip(p, axis=side) -> random_crop(padding=by) -> conv(4, kernel=1) }\n"
    'network Flips { input image: [N, 4, H, W]\n flips(0.25, "vertical", 2) -> flips(0.5, "horizontal", [1, 3]) }',
}

OTHERS = [name for name in SPECS if name not in SMALL]
"""Networks of more than an op or two, which `tests/ops/test_every_op.py` has."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, text in SPECS.items():
        net = archdsl.loads(text)
        (folder / f"torch_{name}.py").write_text(net.torch_source())
        (folder / f"numpy_{name}.py").write_text(net.numpy_source())
        (folder / f"numpy_train_{name}.py").write_text(net.numpy_source(train=True))
    return folder


def file_and_program(text: str, name: str) -> tuple[Any, Any, np.ndarray]:
    """The network of an emitted text, the program of the same spec, both of one seed, and an input for them."""
    net = archdsl.loads(SPECS[name])
    space: dict[str, Any] = {"__name__": name}
    exec(compile(text, name, "exec"), space)
    (shape,) = net.inputs.values()
    sizes = [dim if isinstance(dim, int) else 5 for dim in shape.dims]
    numbers = np.random.default_rng(0)
    x = numbers.integers(0, 11, sizes) if shape.kind == "int" else numbers.random(sizes)
    return space[net.name](seed=1), net.numpy(seed=1), x


@pytest.mark.parametrize("name", OTHERS)
def test_numpy_files_are_programs(written: Path, name: str) -> None:
    file, program, x = file_and_program((written / f"numpy_train_{name}.py").read_text(), name)
    for _ in range(2):
        y = program(x, train=True)
        np.testing.assert_array_equal(file(x, train=True), y)
        mine, theirs = program.backward(y), file.backward(y)
        assert all((mine[name] == theirs[name]).all() for name in mine)


@pytest.mark.parametrize("name", OTHERS)
def test_numpy_files_infer_as_programs_do(written: Path, name: str) -> None:
    file, program, x = file_and_program((written / f"numpy_{name}.py").read_text(), name)
    np.testing.assert_array_equal(file(x), program(x))


@pytest.mark.parametrize("command", (["check"], ["format", "--check"]), ids=" ".join)
def test_ruff_has_nothing_to_say(written: Path, command: list[str]) -> None:
    ruff = shutil.which("ruff", path=Path(sys.executable).parent) or shutil.which("ruff")
    if not ruff:
        pytest.skip("ruff is not installed")
    files = sorted(path.name for path in written.glob("torch_*.py" if command[0] == "format" else "*.py"))
    run = subprocess.run(
        [ruff, *command, "--no-cache", *files], cwd=written, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


def test_mypy_has_nothing_to_say(written: Path) -> None:
    pytest.importorskip("mypy")
    files = sorted(path.name for path in written.glob("torch_*.py"))
    command = [sys.executable, "-m", "mypy", "--strict", *files]
    run = subprocess.run(command, cwd=written, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
