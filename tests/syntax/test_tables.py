"""The parser's tables are kept between runs: used where they fit, made anew where they do not, and never run."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest

from archdsl.syntax import grammar
from archdsl.syntax import tables as kept
from archdsl.syntax.automaton import Tables


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def made(monkeypatch):
    """How often the tables were made."""
    calls = []
    make = grammar.tables_of
    monkeypatch.setattr(grammar, "tables_of", lambda text: calls.append(text) or make(text))
    return calls


def tables() -> Tables:
    """The tables, as a new process finds them."""
    return kept.tables.__wrapped__()


def the_file(folder: Path) -> Path:
    (file,) = (folder / "archdsl").iterdir()
    return file


def sealed(content: object) -> bytes:
    """A file as the tables are kept in, with a good checksum."""
    data = content if isinstance(content, bytes) else pickle.dumps(content)
    return b"%x\n%b" % (crc32(data), data)


def test_they_are_made_once(folder, made):
    first = tables()
    assert tables().values() == first.values()
    assert len(made) == 1


def test_the_same_grammar_makes_the_same_tables(folder):
    values = tables().values()
    for seed in ("1", "2"):
        program = "from archdsl.syntax.tables import tables; tables()"
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder / seed), "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", program], check=True, env=environment)
        assert pickle.loads(the_file(folder / seed).read_bytes().split(b"\n", 1)[1])["tables"] == values


@pytest.mark.parametrize("damage", ["empty", "short", "one bit", "no checksum", "nothing in it", "another format"])
def test_a_damaged_file_is_made_anew(folder, made, damage):
    good = tables().values()
    file = the_file(folder)
    content = file.read_bytes()
    origin = pickle.loads(content.split(b"\n", 1)[1])["origin"]
    place = len(content) - 1000
    file.write_bytes(
        {
            "empty": b"",
            "short": content[:-100],
            "one bit": content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :],
            "no checksum": content.split(b"\n", 1)[1],
            "nothing in it": sealed(None),
            "another format": sealed({"origin": origin, "tables": {"rows": []}}),
        }[damage]
    )
    assert tables().values() == good
    assert len(made) == 2
    assert tables().values() == good
    assert len(made) == 2, "the good file takes the place of the damaged one"


class Runs:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_file_cannot_run_anything(folder, made):
    good = tables().values()
    trap = folder / "trap"
    the_file(folder).write_bytes(sealed({"origin": Runs(str(trap)), "tables": Runs(str(trap))}))
    assert tables().values() == good
    assert len(made) == 2
    assert not trap.exists()


@pytest.mark.parametrize("changed", ["lark", "archdsl.syntax.grammar"])
def test_what_makes_them_has_changed(folder, made, monkeypatch, changed):
    tables()
    content = kept._content
    monkeypatch.setattr(kept, "_content", lambda module: content(module) + b"# changed" * (module == changed))
    tables()
    assert len(made) == 2


def test_the_grammar_has_changed(folder, made, monkeypatch, tmp_path):
    tables()
    other = tmp_path / "arch.lark"
    other.write_text(kept.resource("grammars", "arch.lark").read_text(encoding="utf-8") + "// changed\n")
    monkeypatch.setattr(kept, "resource", lambda *names: other)
    tables()
    assert len(made) == 2


def test_no_folder_to_keep_them_in(tmp_path, monkeypatch, made):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    assert tables().rows
    monkeypatch.delenv("XDG_CACHE_HOME")

    def nobody(cls: type[Path]) -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", classmethod(nobody))
    assert tables().rows
    assert len(made) == 2
    assert not file.read_bytes()


def test_lark_is_imported_to_make_them_and_then_no_more(folder, tmp_path):
    spec = tmp_path / "t.arch"
    spec.write_text("network t {\n    input x: [N, 4]\n    linear(3)\n}\n")
    program = (
        "import sys; from archdsl.cli import main\n"
        f"try: main(['check', {str(spec)!r}])\n"
        "except SystemExit: pass\n"
        "print(*{'lark', 'torch', 'numpy'} & set(sys.modules))"
    )
    for expected in ("lark", ""):
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder)}
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
        assert run.stdout.splitlines()[-1] == expected, run.stderr
