"""Specs that mean harm end with a diagnostic, soon and small, and touch nothing outside their root.

Each runs in a process of its own with little memory and a bound on its time; what they took is measured by
`benchmarks/hostile.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.hostile_specs import FILES, TEXTS

import archdsl
from archdsl.diagnostics.render import render

MEMORY = 400 * 2**20
RUN = f"""
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
import archdsl
report = archdsl.check(sys.stdin.read())
print(json.dumps([problem.code for problem in report.problems]))
"""


def codes(text: str) -> set[str]:
    run = subprocess.run([sys.executable, "-c", RUN], input=text, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr[-500:]
    return set(json.loads(run.stdout))


@pytest.mark.parametrize("name", TEXTS)
def test_text(name: str) -> None:
    text, expected = TEXTS[name]
    assert expected in codes(text)


@pytest.mark.parametrize("name", FILES)
def test_file(name: str, tmp_path: Path) -> None:
    """Imports that want out of the project, or never end."""
    files, expected = FILES[name]
    project = tmp_path / "project"
    (tmp_path / "secret.arch").write_text("block secret { relu }\n")
    for path, text in files.items():
        target = project / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            target.symlink_to(text.removeprefix("-> "))
        else:
            target.write_text(text.replace("{tmp}", str(tmp_path)))
    (project / "pyproject.toml").touch()
    before = sorted(tmp_path.rglob("*"))
    report = archdsl.check(project / "main.arch")
    assert expected in {problem.code for problem in report.problems}, render(report.problems)
    assert sorted(tmp_path.rglob("*")) == before


def test_limits_can_be_raised_and_lowered() -> None:
    text = "network t {\n    input x: [N, 4]\n    repeat 2_000 { relu }\n}\n"
    assert archdsl.check(text).ok
    assert [problem.code for problem in archdsl.check(text, limits={"stages": 1000}).problems] == ["too-many-stages"]
    with pytest.raises(ValueError, match="no limit"):
        archdsl.check(text, limits={"stagez": 1})


def test_there_are_enough() -> None:
    assert len(TEXTS) + len(FILES) >= 60


@pytest.mark.parametrize("word", ["__init__", "forward", "class", "train", "None", "self", "torch", "nn", "x", "net"])
def test_awkward_names_survive_both_backends(word: str) -> None:
    numpy = pytest.importorskip("numpy")
    text = f'network t {{\n    input {"x" if word != "x" else "y"}: [N, 4]\n    "{word}" = linear(3)\n    relu\n}}\n'
    report = archdsl.check(text)
    if word == "__init__":
        assert [problem.code for problem in report.problems] == ["bad-name"]
        return
    net = archdsl.loads(text)
    assert [name for name, _ in net.state()] == [f"{word}.weight", f"{word}.bias"]
    image = numpy.ones((2, 4), numpy.float32)
    program = net.numpy()
    scope: dict[str, object] = {"__name__": "emitted"}
    exec(compile(net.numpy_source(), "emitted.py", "exec"), scope)
    torch = pytest.importorskip("torch")
    module = net.torch()
    module.load_state_dict({name: torch.from_numpy(value) for name, value in program.state_dict().items()})
    numpy.testing.assert_allclose(module(torch.from_numpy(image)).detach().numpy(), program(image), rtol=1e-5)


def test_doc_comments_cannot_break_out_of_docstrings() -> None:
    text = '## """\n## import os; os.abort() \\\nnetwork t {\n    input x: [N, 4]\n    linear(3)\n}\n'
    net = archdsl.loads(text)
    for source in (net.torch_source(), net.numpy_source()):
        compile(source, "emitted.py", "exec")
        assert not any(line.startswith("import os;") for line in source.splitlines())
