"""How many small faults in the code do the tests find?

    python benchmarks/mutation.py kernels --count 40 --seed 1
    python benchmarks/mutation.py ops torch --only archdsl/ops/conv.py:93

A mutant is the code with one small fault: another operator, another number, a comparison turned round, two arguments
swapped, an argument or a statement left out, another function of torch. Mutants are drawn evenly from all places of an
area; each is written into a copy of the tree, where the area's tests run until one fails. A mutant that no test notices
survives: either a test is missing, or the change means nothing (both are written down in `results/mutation.md`).

torch and pytest are imported once; each mutant runs in a process forked from there. Not mutated are words (docstrings,
messages), types, assertions, what only diagnostics say (classes of problems), and figures that decide how fast and
never what (constants in capitals of fast kernels and passes).
"""

from __future__ import annotations

import ast
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import click

ROOT = Path(__file__).resolve().parent.parent
EVERY_OP = "tests/ops/test_every_op.py"


TORCH_RULES = (
    *("activation", "adaptive", "attention", "augment", "combine", "conv", "conv_transpose", "cut", "embedding"),
    *("initial", "learned", "linear", "matmul", "norm", "pad", "pool", "reduce", "regularize", "reshape", "shuffle"),
    *("upsample", "helpers"),
)


class Area(NamedTuple):
    """Some files, and the tests that hold them, in the order in which they run."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


AREAS = {
    "ops": Area(
        ("archdsl/ops/*.py",),
        (
            *(
                EVERY_OP,
                "tests/whole/test_golden.py",
                "tests/ops/test_free_and_fixed.py",
                "tests/elaborate/test_errors.py",
            ),
            *(
                "tests/ops/test_traits.py",
                "tests/analyses/test_receptive_field.py",
                "tests/analyses/test_lints.py",
                "tests/backends/torch/test_initial.py",
            ),
        ),
    ),
    "kernels": Area(
        ("archdsl/backends/numpy/kernels/*.py", "archdsl/backends/numpy/rules.py"),
        (
            EVERY_OP,
            *(
                f"tests/backends/numpy/test_{name}.py"
                for name in ("kernels", "windows", "forms", "norms", "activations")
            ),
            "tests/ops/test_augment.py",
        ),
    ),
    "fast": Area(
        ("archdsl/backends/numpy/fast/*.py", "archdsl/backends/numpy/fuse.py", "archdsl/backends/numpy/plan.py"),
        (EVERY_OP, "tests/backends/numpy/test_fast.py"),
    ),
    "torch": Area(
        tuple(f"archdsl/backends/torch/{name}.py" for name in TORCH_RULES),
        (EVERY_OP, "tests/whole/test_golden.py", "tests/ops/test_augment.py", "tests/backends/torch/test_initial.py"),
    ),
    "passes": Area(("archdsl/passes/*.py",), (EVERY_OP, "tests/whole/test_golden.py", "tests/passes")),
    "sizes": Area(
        ("archdsl/sizes/*.py",),
        (
            "tests/whole/test_golden.py",
            "tests/sizes",
            "tests/ops/test_free_and_fixed.py",
            "tests/elaborate/test_errors.py",
        ),
    ),
}


class Mutant(NamedTuple):
    """One fault: the file with it, the line, and what was changed there."""

    file: str
    line: int
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.before} -> {self.after}"


SWAPS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Add,
    ast.LShift: ast.RShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.USub: ast.UAdd,
}


def changed(node: ast.AST, functions: list[str]) -> Iterator[tuple[ast.AST, str]]:
    """Every fault of one node: what stands there instead, as text."""
    match node:
        case ast.BinOp() if type(node.op) in SWAPS:
            yield node, f"({ast.unparse(ast.BinOp(node.left, SWAPS[type(node.op)](), node.right))})"
        case ast.AugAssign() if type(node.op) in SWAPS:
            yield node, ast.unparse(ast.AugAssign(node.target, SWAPS[type(node.op)](), node.value))
            yield node, "pass"
        case ast.Compare() if len(node.ops) == 1 and type(node.ops[0]) in SWAPS:
            yield node, f"({ast.unparse(ast.Compare(node.left, [SWAPS[type(node.ops[0])]()], node.comparators))})"
        case ast.BoolOp():
            yield node, f"({ast.unparse(ast.BoolOp(SWAPS[type(node.op)](), node.values))})"
        case ast.UnaryOp(op=ast.Not()):
            yield node, f"({ast.unparse(node.operand)})"
        case ast.UnaryOp(op=ast.USub()):
            yield node, f"(+{ast.unparse(node.operand)})"
        case ast.Constant(value=bool()):
            yield node, str(not node.value)
        case ast.Constant(value=int()):
            yield node, str(node.value + 1)
        case ast.Constant(value=float()):
            yield node, repr(node.value * 1.5 + 0.25)
        case ast.Constant(value=str()) if node.value in functions:
            others = [name for name in functions if name != node.value and name[:2] == node.value[:2]]
            if others:
                yield node, repr(others[len(node.value) % len(others)])
        case ast.IfExp():
            yield node, f"({ast.unparse(node.body)})"
            yield node, f"({ast.unparse(node.orelse)})"
        case ast.Call():
            first, second = node.args[:2] if len(node.args) > 1 else (None, None)
            is_plain = first and not isinstance(first, ast.Starred) and not isinstance(second, ast.Starred)
            if first and second and is_plain and ast.dump(first) != ast.dump(second):
                yield node, ast.unparse(ast.Call(node.func, [second, first, *node.args[2:]], node.keywords))
            for keyword in [keyword for keyword in node.keywords if keyword.arg != "doc"]:
                rest = [other for other in node.keywords if other is not keyword]
                yield node, ast.unparse(ast.Call(node.func, node.args, rest))
        case ast.Expr(value=ast.Call()):
            yield node, "pass"


def places(tree: ast.Module, path: str) -> Iterator[ast.AST]:
    """The nodes in which a fault would be one of meaning."""
    tuned = re.search(r"/(fast|passes)/|fuse", path)

    def walk(node: ast.AST) -> Iterator[ast.AST]:
        if isinstance(node, ast.Assert | ast.Import | ast.ImportFrom | ast.arg | ast.Raise):
            return
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) in ("Problem", "Exception") for base in node.bases):
            return
        if isinstance(node, ast.Assign) and tuned and all(ast.unparse(t).isupper() for t in node.targets):
            return
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        yield node
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "bases"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from walk(child)

    yield from walk(tree)


def mutants(path: Path, root: Path) -> Iterator[Mutant]:
    """Every fault of a file."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    raw = text.encode()
    tree = ast.parse(text)
    functions = sorted(set(re.findall(r'"((?:F|nn|torch)\.\w+)"', text)))
    name = str(path.relative_to(root))
    for node in places(tree, name):
        for where, after in changed(node, functions):
            low = starts[where.lineno - 1] + where.col_offset  # type: ignore[attr-defined]
            high = starts[where.end_lineno - 1] + where.end_col_offset  # type: ignore[attr-defined]
            before = raw[low:high].decode()
            mutated = (raw[:low] + after.encode() + raw[high:]).decode()
            try:
                compile(mutated, name, "exec")
            except SyntaxError:
                continue
            shown = (" ".join(part.split())[:90] for part in (before, after))
            yield Mutant(name, where.lineno, *shown, mutated)  # type: ignore[attr-defined]


def copied() -> Path:
    """A copy of the tree to write mutants into."""
    to = Path(mkdtemp(prefix="mutants-"))
    for name in ("archdsl", "tests", "specs", "grammars", "docs", "examples", "benchmarks"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / file, to / file)
    return to


def tested(tree: Path, arguments: list[str], limit: int) -> str:
    """What pytest says in a forked process: "passes", the name of a test that fails, or that time was up.

    The limit is in seconds of the processor, so that a machine that is busy with other things finds no fault.
    """
    report = tree / "failed.txt"
    report.unlink(missing_ok=True)
    process = os.fork()
    if process == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
        _in_child(tree, arguments, report)
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return "passes"
    if code == -signal.SIGXCPU:
        return "time is up"
    return report.read_text(encoding="utf-8") if report.exists() else f"exit {code}"


def _in_child(tree: Path, arguments: list[str], report: Path) -> None:
    import pytest

    class Names:
        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                noted(report.nodeid)

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                noted(f"collecting {report.nodeid}")

    def noted(name: str) -> None:
        report.write_text(name, encoding="utf-8")

    code = 70
    try:
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        sys.dont_write_bytecode = True
        with open(os.devnull, "w", encoding="utf-8") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-header", "--tb=no"]
        code = int(pytest.main([*options, *arguments], plugins=[Names()]))
    finally:
        os._exit(code)


def ops_of(mutant: Mutant, tree: Path) -> str:
    """Which cases of the test of every op reach a file: those of the ops that stand in it, or share its name."""
    stem = Path(mutant.file).stem
    path = tree / "archdsl" / "ops" / f"{stem}.py"
    if not path.exists():
        return ""
    names = re.findall(r'^    name = "(\w+)"$', path.read_text(encoding="utf-8"), re.M)
    return " or ".join(f"[{name}]" for name in names)


def verdict(mutant: Mutant, area: Area, tree: Path, limit: int) -> str:
    """Which test finds a mutant, or that it survives."""
    target = tree / mutant.file
    original = target.read_text(encoding="utf-8")
    target.write_text(mutant.text, encoding="utf-8")
    for kept in target.parent.glob(f"__pycache__/{target.stem}.*"):
        kept.unlink()
    try:
        few = ops_of(mutant, tree)
        steps = [[EVERY_OP, "-k", few]] if few and EVERY_OP in area.tests else []
        steps += [[test] for test in area.tests]
        for step in steps:
            found = tested(tree, step, limit)
            if found not in ("passes", "exit 5"):
                return found
        return "survives"
    finally:
        target.write_text(original, encoding="utf-8")


@click.command()
@click.argument("areas", nargs=-1, type=click.Choice([*AREAS]))
@click.option("--count", default=40, help="mutants of each area")
@click.option("--seed", default=0, help="which of them")
@click.option("--limit", default=150, help="seconds of the processor that a run of tests may take")
@click.option("--only", default="", help="a file, or a file and a line, whose mutants are run alone")
@click.option("--into", type=click.Path(path_type=Path), help="a file of results, a line of JSON for each mutant")
def main(areas: tuple[str, ...], count: int, seed: int, limit: int, only: str, into: Path | None) -> None:
    """Run mutants and say which survive."""
    import hypothesis  # noqa: F401
    import pytest  # noqa: F401
    import scipy.signal  # noqa: F401
    import torch

    torch.set_num_threads(1)
    tree = copied()
    try:
        killers = set()
        for name in areas:
            killers |= _run(name, _drawn(name, count, seed, only, tree), tree, limit, into)
        tests = sorted(killer for killer in killers if "::" in killer)
        found = tested(tree, tests, 10 * limit) if tests else "passes"
        click.echo(f"without a fault, the tests that found one: {found}")
    finally:
        shutil.rmtree(tree)


def _drawn(name: str, count: int, seed: int, only: str, tree: Path) -> list[Mutant]:
    files = sorted({path for pattern in AREAS[name].files for path in tree.glob(pattern)})
    every = [mutant for path in files for mutant in mutants(path, tree)]
    if only:
        return [mutant for mutant in every if f"{mutant.file}:{mutant.line}:".startswith(only)]
    return sorted(random.Random(seed).sample(every, min(count, len(every))))


def _run(name: str, drawn: list[Mutant], tree: Path, limit: int, into: Path | None) -> set[str]:
    killers = []
    for mutant in drawn:
        start = time.monotonic()
        found = verdict(mutant, AREAS[name], tree, limit)
        killers += [found] * (found != "survives")
        click.echo(f"{time.monotonic() - start:6.1f} s  {mutant}  [{found}]")
        if into:
            with into.open("a", encoding="utf-8") as lines:
                facts = {"area": name, "mutant": str(mutant), "found": found}
                lines.write(json.dumps(facts, ensure_ascii=False) + "\n")
    click.echo(f"{name}: {len(killers)} of {len(drawn)} killed")
    return set(killers)


if __name__ == "__main__":
    main()
