"""The house stands: imports go down only, torch and numpy stay in their rooms, and only the command line prints."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.places import ROOT

# From the ground up. A module imports from rooms below its own, or from its own.
FLOORS = (
    {"record", "version", "blas", "garbage"},
    {"source"},
    {"diagnostics", "timing"},
    {"limits"},
    {"sizes"},
    {"ops", "syntax"},
    {"graph"},
    {"elaborate"},
    {"passes"},
    {"analyses"},
    {"reports"},
    {"backends.python"},
    {"pictures", "backends.torch", "backends.numpy"},
    {"compiler"},
    {"", "fix", "highlighting", "manual", "output", "targets", "training", "watch", "zoo"},
    {"revisions"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# The module that executes emitted torch source; it is itself imported only when a live module is wanted.
LIVE = "backends.torch.module"

# What emitted torch files bring along. It is read as text: nothing in the package imports it.
RUNTIME = "backends.torch.runtime"
MODULES = sorted((ROOT / "archdsl").rglob("*.py"))


def name_of(module: Path) -> str:
    """The dotted name below the package; empty for the package itself."""
    parts = module.relative_to(ROOT / "archdsl").with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def room_of(name: str) -> str | None:
    """The room that a module is in; None for the folder that holds the backends."""
    if name == "backends":
        return None
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "backends" else parts[0]


def imports(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Every module that a tree imports, anywhere, with the statement that does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute here"
            yield str(node.module), node
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def own_imports(tree: ast.Module) -> set[str]:
    """What a tree imports from the package, as names below it that are modules."""
    found = {
        name.removeprefix("archdsl").removeprefix(".") for name, _ in imports(tree) if name.split(".")[0] == "archdsl"
    }
    return {name for name in found if name in NAMES}


def inside_functions(tree: ast.Module) -> set[ast.AST]:
    """Every node that runs only when a function is called."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {inner for node in functions for inner in ast.walk(node)}


def for_types(tree: ast.Module) -> set[ast.AST]:
    """Every node under `if TYPE_CHECKING`, which never runs."""
    tests = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {inner for node in tests for inner in ast.walk(node)}


NAMES = {name_of(module) for module in MODULES}
TREES = {name_of(module): ast.parse(module.read_text(encoding="utf-8")) for module in MODULES}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_imports_go_down_only(name):
    room = room_of(name)
    for other in sorted(own_imports(TREES[name])):
        target = room_of(other)
        if room is None or target is None or target == room:
            continue
        assert {room, target} <= FLOOR.keys(), "every room needs a floor: here, and in docs/architecture.md"
        assert FLOOR[target] < FLOOR[room], f"archdsl.{name} imports archdsl.{other}, which is not below it"


def modules_imported(tree: ast.Module) -> Iterator[str]:
    """As `own_imports`, but a package whose module is imported, `from archdsl.syntax import tree`, is not counted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if below(name) in NAMES else str(node.module) for name in inner]
        else:
            continue
        yield from (name for name in map(below, names) if name in NAMES)


def below(name: str) -> str | None:
    """A dotted name below the package; None for one of other packages."""
    return name.removeprefix("archdsl").removeprefix(".") if name.split(".")[0] == "archdsl" else None


def circles(leads_to: dict[str, set[str]]) -> list[list[str]]:
    """The ways along imports that come back to where they began, each once."""
    found: list[list[str]] = []
    done: set[str] = set()

    def follow(name: str, way: list[str]) -> None:
        if name in way:
            found.append([*way[way.index(name) :], name])
        elif name not in done:
            for other in sorted(leads_to[name]):
                follow(other, [*way, name])
            done.add(name)

    for name in sorted(leads_to):
        follow(name, [])
    return found


def test_a_circle_is_seen():
    assert circles({"a": {"b"}, "b": {"c", "d"}, "c": {"b"}, "d": set()}) == [["b", "c", "b"]]


def test_no_modules_import_each_other_in_a_circle():
    """Neither for types alone, nor late in a function: a file is understood with those below it."""
    leads_to = {name: {other for other in modules_imported(TREES[name]) if other != name} for name in NAMES}
    assert not [" -> ".join(circle) for circle in circles(leads_to)]


def test_the_folder_of_the_backends_leads_to_neither():
    assert not own_imports(TREES["backends"])


@pytest.mark.parametrize("name", sorted(NAMES))
def test_torch_is_imported_in_functions_of_its_backend_only(name):
    late, unread = inside_functions(TREES[name]), for_types(TREES[name])
    for imported, node in imports(TREES[name]):
        if imported.split(".")[0] == "torch" and node not in unread:
            assert room_of(name) == "backends.torch", f"archdsl.{name}:{node.lineno} imports torch"
            assert node in late or name == LIVE or name.startswith(f"{RUNTIME}."), (
                f"archdsl.{name}:{node.lineno} imports torch when it is imported itself"
            )


@pytest.mark.parametrize("name", sorted(NAMES))
def test_what_torch_files_bring_along_stands_alone(name):
    """It imports nothing else of the package, and nothing imports it."""
    for other in own_imports(TREES[name]):
        assert name.startswith(RUNTIME) == other.startswith(RUNTIME), f"archdsl.{name} imports archdsl.{other}"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_numpy_stays_in_its_backend(name):
    unread = for_types(TREES[name])
    for imported, node in imports(TREES[name]):
        if imported.split(".")[0] == "numpy" and node not in unread:
            assert room_of(name) == "backends.numpy", f"archdsl.{name}:{node.lineno} imports numpy"


def test_lark_stays_outside():
    """It makes the parser's tables, in `grammars/parser_tables.py`, which the package does not need."""
    for name in NAMES:
        assert "lark" not in {imported.split(".")[0] for imported, _ in imports(TREES[name])}, f"archdsl.{name}"


@pytest.mark.parametrize("name", sorted(name for name in NAMES if room_of(name) != "cli"))
def test_only_the_command_line_prints(name):
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"print", "input"}, f"archdsl.{name}:{node.lineno} calls {node.func.id}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sys":
            assert node.attr not in {"stdout", "stderr"}, f"archdsl.{name}:{node.lineno} writes to sys.{node.attr}"
    assert not any(imported.split(".")[0] in {"click", "rich", "tqdm"} for imported, _ in imports(TREES[name]))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_no_spec_can_run_python(name):
    """`exec` has one place, where the torch module is made from source that the compiler wrote."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
            assert node.func.id == "exec", f"archdsl.{name}:{node.lineno} calls eval"
            assert (room_of(name) or "").startswith("backends."), f"archdsl.{name}:{node.lineno} calls exec"


def test_the_graph_knows_no_single_op():
    """It holds ops as what they all are, `ops.base.Op`."""
    for name in sorted(name for name in NAMES if room_of(name) == "graph"):
        ops = {other for other in modules_imported(TREES[name]) if room_of(other) == "ops"}
        assert ops <= {"ops.base"}, f"archdsl.{name} imports {ops}"


def test_the_map_shows_every_room():
    shown = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {room for name in NAMES if (room := room_of(name)) and not room.startswith("__")}
    missing = sorted(room for room in rooms if not re.search(rf"`archdsl/{room.replace('.', '/')}(\.py|/)`", shown))
    assert not missing, f"docs/architecture.md does not show {missing}"


def test_the_map_lists_rooms_from_the_ground_up():
    """Its table is read from above to below: a room imports from rows above its own, as `FLOORS` has it."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `archdsl/")]
    rooms = [re.findall(r"`archdsl/([\w/]+?)(?:\.py|/)`", row) for row in rows]
    floors = [{FLOOR[room.replace("/", ".")] for room in row} for row in rooms]
    for above, below in itertools.pairwise(floors):
        assert max(above) <= min(below), f"{rooms[floors.index(below)]} does not stand on {rooms[floors.index(above)]}"


def test_the_grammar_names_no_op():
    from archdsl.ops import OPS

    rules = re.sub(r"//.*", "", (ROOT / "grammars" / "arch.lark").read_text(encoding="utf-8"))
    quoted = set(re.findall(r'"(\w+)"', rules))
    # Joins take arms, which the grammar may show; any other op is a name with arguments.
    assert not quoted & (set(OPS) - {"add", "mul", "concat"})


def test_the_repository_speaks_of_itself():
    """No file names a place on somebody's machine."""
    elsewhere = re.compile(r"(?<![\w.:/}])/(?:home|root|work|Users|mnt)/\w")
    folders = ("archdsl", "grammars", "specs", "docs", "examples", "tests", "benchmarks", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in [*files, *ROOT.glob("*.md"), ROOT / "pyproject.toml"]:
        if "__pycache__" in path.parts:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = elsewhere.search(text)
        assert not found, f"{path.relative_to(ROOT)} names {found and found[0]}…"


def test_no_test_imports_from_another():
    """What two tests need is at home in `tests/support`."""
    names = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for imported, node in imports(ast.parse(path.read_text(encoding="utf-8"))):
            assert not names & {*imported.split(".")}, f"{path.relative_to(ROOT)}:{node.lineno} imports {imported}"
