"""What is true of an op stands in its class: no table elsewhere lists ops, by name or by class.

Every module outside `archdsl/ops` is read, but for the registries, in which a backend says how each op is computed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from support.places import ROOT

from archdsl.backends.numpy import registry as numpy_registry
from archdsl.backends.torch import families as torch_registry
from archdsl.ops import OPS, Op

PACKAGE = ROOT / "archdsl"
REGISTRIES = {
    *(f"backends/torch/{name}.py" for name in (*torch_registry.__all__, "families", "kernels")),
    *(f"backends/torch/translated/{name}.py" for name in ("lowering", "shapes")),
    *(f"backends/numpy/{name}.py" for name in (*numpy_registry.__all__, "registry")),
}
"""From an op's class to the rule that computes it, one registry a backend. `torch/kernels.py` is the part of it that is
about torch's fused kernels: which activations they apply; `torch/translated` writes an op whose arguments and sizes are
expressions, and a test holds its rules against those of the ops."""

OTHERS = {
    "analyses/lints/softmax.py": ({"linear"}, "a kind of chapter"),
    "pictures/kinds.py": ({"linear"}, "a kind of chapter"),
    "sizes/dim.py": ({"max"}, "the function of numbers"),
    "elaborate/builtins.py": ({"max"}, "the function of numbers"),
    "syntax/format.py": ({"parameter"}, "a rule of the grammar"),
    "syntax/tables.py": ({"parameter"}, "a rule of the grammar"),
    "syntax/foreign.py": ({"add", "mul", "sub", "concat", "matmul"}, "a hint for joins, as the grammar may show them"),
    "syntax/headless.py": ({"add", "mul", "sub", "concat", "matmul"}, "a bar behind a join starts an arm"),
    "elaborate/foreign.py": ({"scale"}, "an argument's name"),
    "backends/numpy/kernels/__init__.py": ({*OPS}, "names of NumPy's kernels"),
    "backends/numpy/kernels/gelu.py": ({"tanh"}, "a value of an argument"),
    "backends/numpy/choose.py": ({"tanh"}, "a value of an argument"),
    "backends/numpy/fast/schedule.py": ({"scale"}, "what a layer's weights are made into"),
    "backends/torch/pad.py": ({"pad"}, "an argument's name in torch"),
    "backends/torch/initial.py": ({"relu"}, "a value of an argument in torch"),
    "backends/torch/brought.py": ({"stochastic_depth"}, "a module that files bring along"),
    "backends/torch/translated/symbolic.py": ({"max"}, "the function of numbers"),
    "backends/torch/runtime/augment.py": ({"mean"}, "a name in torch"),
    "backends/torch/runtime/fused_conv.py": ({"add"}, "a name in torch"),
    "backends/torch/runtime/fused_norm.py": ({"relu"}, "a kernel's own name"),
    "backends/torch/runtime/kernels.py": ({"relu", "leaky_relu", "sigmoid", "tanh", "hardswish"}, "kernels' own names"),
    "backends/torch/runtime/tiled_conv.py": ({"relu"}, "a kernel's own name"),
}
"""Words that are the name of an op too, and what they are where they stand."""


def below(kind: type[Op]) -> Iterator[type[Op]]:
    for other in kind.__subclasses__():
        yield other
        yield from below(other)


ALL = {kind.__name__ for kind in below(Op) if kind.__module__ in {op.__module__ for op in OPS.values()}}
"""The classes of the language's ops, and their bases. Fused layers are the passes' own."""

REWRITES = {
    "passes/fused_layers.py": {"Conv", "Linear"},
    "passes/pool_first.py": {"AvgPool", "GlobalAvgPool"},
}
"""Rewrites of several ops: what stands on the left of their arrow."""

MODULES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}
READ = [name for name in MODULES if not name.startswith("ops/") and name not in REGISTRIES]


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Strings that are the name of an op, or hold several as alternatives; documentation is none."""
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            alternatives = [part for found in re.findall(r"\w+(?:\|\w+)+", node.value) for part in found.split("|")]
            words = [node.value] if node.value in OPS else [word for word in alternatives if word in OPS]
            yield from ((node.lineno, word) for word in words)


def classes(tree: ast.Module) -> set[str]:
    """The names by which a module knows classes of ops."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("archdsl.ops.")
        for alias in node.names
        if alias.name in ALL
    }


def tables(tree: ast.Module) -> Iterator[tuple[int, list[str]]]:
    """Places where several classes of ops stand together: tuples, sets, dicts, unions, patterns, and isinstance."""
    known = classes(tree)
    for node in ast.walk(tree):
        parts: list[ast.expr | ast.pattern | None] = []
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            parts = list(node.elts)
        elif isinstance(node, ast.Dict):
            parts = [*node.keys, *node.values]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            parts = [node.left, node.right]
        elif isinstance(node, ast.MatchOr):
            parts = [pattern.cls for pattern in node.patterns if isinstance(pattern, ast.MatchClass)]
        elif isinstance(node, ast.FunctionDef):
            asked = [call.args[1] for call in ast.walk(node) if is_question(call)]
            asked += [side for test in ast.walk(node) if isinstance(test, ast.Compare) for side in test.comparators]
            parts = list(asked)
        found = {part.id for part in parts if isinstance(part, ast.Name) and part.id in known}
        if len(found) > 1:
            yield node.lineno, sorted(found)


def is_question(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass") and len(node.args) == 2


def findings(name: str, text: str) -> list[str]:
    """The places of a module that list ops."""
    tree = ast.parse(text)
    allowed, _ = OTHERS.get(name, (set(), ""))
    found = [f"{name}:{line} names the op {word}" for line, word in names(tree) if word not in allowed]
    return found + [
        f"{name}:{line} lists {', '.join(those)}" for line, those in tables(tree) if REWRITES.get(name) != {*those}
    ]


@pytest.mark.parametrize("name", READ)
def test_no_module_lists_ops(name: str) -> None:
    found = findings(name, MODULES[name].read_text(encoding="utf-8"))
    assert not found, "\n".join([*found, "declare a trait in the op's class, and ask the op (docs/decisions/0013)"])


def test_what_is_allowed_is_needed() -> None:
    for name, (words, _) in OTHERS.items():
        tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
        there = {word for _, word in names(tree)}
        assert there and (words == {*OPS} or words == there), f"{name} holds {sorted(there)}"


@pytest.mark.parametrize(
    "planted",
    [
        'IDLE = ("dropout",)',
        'RULES = {"relu": 0}',
        'def f(op):\n    return op.name == "batch_norm"',
        'FORM = r"(add|mul)"',
        "IDLE = (Relu, Dropout)",
        "def f(op):\n    return isinstance(op, (Relu, Dropout))",
        "def f(op):\n    return isinstance(op, Relu | Dropout)",
        "def f(op):\n    return isinstance(op, Relu) or isinstance(op, Dropout)",
        "def f(op):\n    return type(op) is Relu or type(op) is Dropout",
        "KERNELS = {Relu: 1, Dropout: 2}",
        "def f(op):\n    match op:\n        case Relu() | Dropout():\n            return 1",
    ],
)
def test_a_table_is_found(planted: str) -> None:
    imports = "from archdsl.ops.activation import Relu\nfrom archdsl.ops.regularize import Dropout\n"
    assert findings("reports/new.py", imports + planted)


def test_prose_and_one_class_are_no_table() -> None:
    text = '"""relu"""\nfrom archdsl.ops.norm import BatchNorm\ndef f(op):\n    """dropout"""\n    "add"\n'
    assert not findings("reports/new.py", text + "    return isinstance(op, BatchNorm)")
