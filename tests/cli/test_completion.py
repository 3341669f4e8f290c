"""What a shell offers for an unfinished word: asked through Bash itself, as a user's Tab does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from support.places import ROOT

BASH = shutil.which("bash")
SCRIPT = """\
source <(archdsl completion bash)
compopt() { COMPREPLY=("files of the shell: $2"); }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_archdsl_completion archdsl
echo "${COMPREPLY[*]}"
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A PATH on which `archdsl` is this source."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "archdsl"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom archdsl.cli import main\nmain()\n"
    )
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.skipif(BASH is None, reason="completion for Bash is tried in Bash, and there is none here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("che", "check"),
        ("check specs/resnet.arch : ResNet1", "ResNet18 ResNet101 ResNet152"),
        ("check specs/nin.arch :", "NiN"),
        ("compile specs/nin.arch : NiN --backend to", "torch"),
        ("check no_such_file.arch :", ""),
        ("check spe", "files of the shell: default"),
        ("explain uneven-g", "uneven-groups"),
        ("explain global_", "global_avg_pool global_max_pool"),
        ("zoo copy resnex", "resnext"),
    ],
)
def test_bash_is_offered(words, offered, path):
    done = subprocess.run(
        [BASH, "--norc", "-c", SCRIPT, "bash", "archdsl", *words.split()],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == offered
