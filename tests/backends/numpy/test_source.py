"""The files that NumPy programs are emitted as: what they compute, how they read, what they need."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from support.numpy_graphs import NETWORKS, inputs_of, lenet, residual, shared, trained, twins
from support.numpy_toys import RULES_TO_COME, centered, halved
from support.places import ROOT, TESTS

from archdsl.backends.numpy import fast, files, kernels, runtime, weights
from archdsl.backends.numpy.names import output_names
from archdsl.backends.numpy.plan import Plan
from archdsl.backends.numpy.program import Program
from archdsl.backends.numpy.rules import RULES
from archdsl.backends.numpy.source import source
from archdsl.graph.nodes import Graph


@pytest.fixture
def more_ops(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, rule in RULES_TO_COME.items():
        monkeypatch.setitem(RULES, kind, rule)


def emitted(graph: Graph, train: bool = False) -> ModuleType:
    module = ModuleType("emitted")
    sys.modules["emitted"] = module
    exec(compile(source(graph, train=train), "emitted.py", "exec"), module.__dict__)
    return module


@pytest.mark.usefixtures("more_ops")
@pytest.mark.parametrize("network", [*NETWORKS, centered, halved])
def test_emitted_files_compute_the_same(network: Callable[[], Graph]) -> None:
    graph = network()
    program = Program(graph, seed=3)
    net = emitted(graph).__dict__[graph.name](seed=3)
    xs = inputs_of(program)
    np.testing.assert_equal(net.state_dict(), program.state_dict())
    np.testing.assert_equal(net(**xs), program(**xs))
    name = "Value_" if graph.name == "Value" else graph.name  # what a file has already is not defined twice
    net = emitted(graph, train=True).__dict__[name](seed=3)
    np.testing.assert_equal(trained(net, xs), trained(program, xs))
    np.testing.assert_equal(net.state_dict(), program.state_dict())


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("network", NETWORKS)
def test_emitted_files_pass_the_linter(network: Callable[[], Graph], train: bool, tmp_path: Path) -> None:
    file = tmp_path / "network.py"
    file.write_text(source(network(), header="Two lines\nof header.", train=train), "utf-8")
    settings = ROOT / "pyproject.toml"
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(settings), str(file)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No module named ruff" in found.stderr:
        pytest.skip("ruff is not installed")
    assert found.returncode == 0, found.stdout


def test_emitted_files_need_numpy_alone(tmp_path: Path) -> None:
    (tmp_path / "lenet.py").write_text(source(lenet()), "utf-8")
    program = Program(lenet(), seed=1)
    np.savez(tmp_path / "lenet.npz", **program.state_dict())
    script = (
        "import sys; sys.path.insert(0, '.'); import numpy as np; from lenet import LeNet\n"
        "print(LeNet().load('lenet.npz')(np.ones((1, 1, 28, 28))).tolist())\n"
        "assert not {'archdsl', 'torch', 'scipy', 'lark'} & sys.modules.keys()"
    )
    run = subprocess.run([sys.executable, "-I", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ast.literal_eval(run.stdout) == program(np.ones((1, 1, 28, 28))).tolist()


def test_what_is_copied_imports_nothing_else() -> None:
    backend = "archdsl.backends.numpy"
    copied = [
        *Path(kernels.__file__).parent.glob("*.py"),
        *Path(fast.__file__).parent.glob("*.py"),
        *(Path(module.__file__ or "") for module in (runtime, weights, files)),
    ]
    for path in copied:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                allowed = name.startswith(tuple(f"{backend}.{own}" for own in ("kernels", "fast", "files", "weights")))
                assert allowed or name.partition(".")[0] in {"numpy", *sys.stdlib_module_names}, (path.name, name)


def test_the_backend_needs_no_torch() -> None:
    script = (
        "import sys, archdsl.backends.numpy.program, archdsl.backends.numpy.source; assert 'torch' not in sys.modules"
    )
    root = str(ROOT)
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": root}, check=True)


def test_emitted_files_hold_only_what_they_need() -> None:
    text = source(lenet())
    assert "def conv_into(" in text
    assert "pullback" not in text
    assert "def grouped_conv_into(" not in text
    assert "def max_pool_into(" not in text
    assert "def max_pool(" not in source(lenet(), train=True)
    assert "def normal(" not in text


def test_emitted_text_is_the_same_in_every_run() -> None:
    script = (
        "from support.numpy_graphs import residual; from archdsl.backends.numpy.source import source\n"
        "print(source(residual(), 'header'))"
    )
    texts = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(map(str, (TESTS, ROOT)))},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "12"
    ]
    assert texts[0] == texts[1]


def forward_of(graph: Graph) -> str:
    text = source(graph, train=True)
    return text[text.rindex("    def forward(self, net") :]


def test_branches_read_well() -> None:
    assert forward_of(residual()) == RESIDUAL


def test_shared_layers_read_well() -> None:
    assert forward_of(shared()) == SHARED


def test_outputs_are_fields() -> None:
    outputs = dict.fromkeys(["sum", "class", "_x", "__", "_1", "out", "é"], 0)
    assert output_names(Plan("t", "", {}, outputs)) == ("sum", "class_", "x", "out", "out1", "out_", "é")


def test_several_outputs_read_well() -> None:
    assert forward_of(twins()) == TWINS


RESIDUAL = '''\
    def forward(self, net: Pass, image: Value) -> Value:
        """[N, 3, H, W] -> [N, 14, H, W]"""
        stem = net(conv, image, layer="stem", padding=1)  # [N, 4, H, W]

        # layer1: basic
        x = net(conv, stem, layer="layer1.conv1", padding=1)
        x = net(relu, x)
        x = net(conv, x, layer="layer1.conv2", padding=1)
        x = net(add, x, stem)
        layer1 = net(relu, x)

        # layer2: basic
        x = net(conv, layer1, layer="layer2.conv1", padding=1)
        x = net(relu, x)
        x = net(conv, x, layer="layer2.conv2", padding=1)
        x = net(add, x, layer1)
        x = net(relu, x)

        x = net(dropout, x, train=net.train, rng=net.rng)
        a = net(conv, x, layer="4")                       # [N, 2, H, W]
        b = net(max_pool, x, kernel=3, stride=1, padding=1)
        return net(concat, a, b, x, stem)                 # [N, 14, H, W]
'''

SHARED = '''\
    def forward(self, net: Pass, x: Value) -> Value:
        """[N, 4, 5, 5] -> [N, 4, 5, 5]"""
        x = net(conv, x, layer="mix", padding=1)
        x = net(relu, x)
        x = net(conv, x, layer="mix", padding=1)
        x = net(conv, x, layer="mix", padding=1)

        # tower: basic
        a = net(conv, x, layer="tower.conv1", padding=1)
        a = net(relu, a)
        a = net(conv, a, layer="tower.conv2", padding=1)
        x = net(add, a, x)
        x = net(relu, x)

        # tower: basic
        a = net(conv, x, layer="tower.conv1", padding=1)
        a = net(relu, a)
        a = net(conv, a, layer="tower.conv2", padding=1)
        x = net(add, a, x)
        return net(relu, x)
'''

TWINS = '''\
    def forward(self, net: Pass, left: Value, right: Value) -> tuple[Value, Value]:
        """[N, 6], [N, 4] -> [N, 5], [N, 5]"""
        x = net(linear, left, layer="a")   # [N, 5]
        a = net(linear, right, layer="b")  # [N, 5]
        net(linear, a, layer="unused")     # [N, 3]
        score = net(add, x, a)
        class_ = net(sigmoid, score)
        return class_, score
'''


def test_what_can_be_copied_has_names_of_its_own() -> None:
    """Any two definitions may meet in an emitted file, so no two share a name."""
    folder = Path(runtime.__file__).parent
    places: dict[str, list[str]] = {}
    for path in [
        *folder.glob("kernels/*.py"),
        *folder.glob("fast/*.py"),
        folder / "runtime.py",
        folder / "training.py",
    ]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                places.setdefault(node.name, []).append(path.stem)
    assert not {name: found for name, found in places.items() if len(found) > 1}
