"""The choice of BLAS kernels: made before NumPy is imported, only where it is safe, and not if it is switched off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.places import ROOT

import archdsl
from archdsl import blas

ABLE = set(blas.flags("/proc/cpuinfo")) >= blas.WIDE


def chosen(script: str, **environment: str) -> str:
    """What OPENBLAS_CORETYPE is after a script, in a process that starts without it."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("OPENBLAS_CORETYPE", "ARCHDSL_BLAS")}
    run = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport os; print(os.environ.get('OPENBLAS_CORETYPE'))"],
        env={**inherited, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def test_the_choice_is_made_before_numpy_is_imported() -> None:
    assert chosen("import archdsl") == ("SkylakeX" if ABLE else "None")
    assert chosen("import numpy, archdsl") == "None"


def test_the_choice_can_be_left_to_openblas_or_made_by_hand() -> None:
    assert chosen("import archdsl", ARCHDSL_BLAS="default") == "None"
    assert chosen("import archdsl", OPENBLAS_CORETYPE="Haswell") == "Haswell"


def test_emitted_files_choose_too(tmp_path: Path) -> None:
    (tmp_path / "lenet.py").write_text(archdsl.load(ROOT / "specs/lenet.arch:LeNet").numpy_source(), "utf-8")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import lenet"
    assert chosen(script) == ("SkylakeX" if ABLE else "None")
    assert chosen(script, ARCHDSL_BLAS="default") == "None"
    assert chosen(f"import numpy; {script}") == "None"


FLAGS = "fpu avx2 avx512f avx512dq avx512cd avx512bw avx512vl"


@pytest.mark.parametrize("flags, wanted", [(FLAGS, "SkylakeX"), (FLAGS.replace("avx512vl", ""), None), (None, None)])
def test_all_flags_are_needed(
    flags: str | None, wanted: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "cpuinfo"
    if flags is not None:
        facts.write_text(f"processor\t: 0\nmodel name\t: Unknown\nflags\t\t: {flags}\nbugs\t\t:\n\nprocessor\t: 1\n")
    found = blas.flags(str(facts))
    monkeypatch.setattr(blas, "flags", lambda path: found)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "uname", lambda: type("Uname", (), {"machine": "x86_64"}))
    monkeypatch.delitem(sys.modules, "numpy", raising=False)
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    monkeypatch.delenv("ARCHDSL_BLAS", raising=False)
    blas.choose_kernels()
    assert os.environ.pop("OPENBLAS_CORETYPE", None) == wanted
