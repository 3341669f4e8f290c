"""The parser's tables, which come with the package, are those of the grammar; reading a spec needs no Lark."""

from __future__ import annotations

import os
import subprocess
import sys

import parser_tables
import pytest
from support.places import ROOT

GRAMMAR = parser_tables.GRAMMAR.read_text(encoding="utf-8")


def test_they_are_made_of_the_grammar():
    made = parser_tables.source(parser_tables.tables_of(GRAMMAR))
    assert parser_tables.MODULE.read_text(encoding="utf-8") == made, "run python grammars/parser_tables.py"


def test_the_module_holds_what_was_made():
    """Long lines are broken and patterns cut into pieces: none of it changes a value."""
    made = parser_tables.tables_of(GRAMMAR)
    names: dict[str, object] = {}
    exec(parser_tables.source(made), names)
    assert names["TABLES"].values() == made.values()


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_grammar_makes_the_same_tables(seed):
    program = "import parser_tables as p; print(p.source(p.tables_of(p.GRAMMAR.read_text(encoding='utf-8'))), end='')"
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "grammars")]),
    }
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert run.stdout == parser_tables.MODULE.read_text(encoding="utf-8")


def test_another_grammar_makes_other_tables():
    other = parser_tables.tables_of(GRAMMAR.replace('"inline"', '"inlined"'))
    assert parser_tables.source(other) != parser_tables.MODULE.read_text(encoding="utf-8")


def test_a_check_imports_neither_lark_nor_torch_nor_numpy_and_writes_nothing(tmp_path):
    spec = tmp_path / "t.arch"
    spec.write_text("network t {\n    input x: [N, 4]\n    linear(3)\n}\n", encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    program = (
        "import sys; from archdsl.cli import main\n"
        f"try: main(['check', {str(spec)!r}])\n"
        "except SystemExit: pass\n"
        "print(*{'lark', 'torch', 'numpy'} & set(sys.modules))"
    )
    environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home)}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert run.stdout.splitlines()[-1] == "", run.stderr
    assert not list(home.iterdir())
