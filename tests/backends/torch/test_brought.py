"""What emitted torch files bring along: cut out in an order that runs, and complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archdsl.backends.python.excerpt import contents
from archdsl.backends.python.imports import import_groups
from archdsl.backends.torch.brought import FUSED, PLAIN, RUNTIME, brought, names_in
from archdsl.backends.torch.names import TAKEN

pytest.importorskip("torch")

ALL = PLAIN + FUSED


def test_every_module_has_its_place() -> None:
    folder = Path(__file__).parents[3] / "archdsl/backends/torch/runtime"
    assert {f"{RUNTIME}.{path.stem}" for path in folder.glob("*.py")} == {*ALL, f"{RUNTIME}.__init__"}


@pytest.mark.parametrize("name", sorted(names_in(ALL)))
def test_each_runs_by_itself(name: str) -> None:
    """In the order in which it is written, with its imports, and nothing else."""
    cut = brought([name])
    lines = [line for group in import_groups(cut.imports) for line in group]
    found: dict[str, Any] = {}
    exec("\n".join([*lines, *(text for section in cut.sections for text in section.texts.values())]), found)
    assert name in found


def test_all_of_it_can_stand_in_one_file() -> None:
    cut = brought(names_in(ALL))
    assert [section.module for section in cut.sections] == list(ALL)
    assert cut.names >= names_in(ALL)


def test_no_name_of_a_spec_hides_what_is_imported() -> None:
    bound = {item.bound for module in ALL for item in contents(module).imports.values()}
    assert bound - names_in(ALL) <= TAKEN
