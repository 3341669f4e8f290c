"""Excerpts: what is cut out of a module comes with all that it needs, and runs."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from archdsl.backends.python.excerpt import excerpt
from archdsl.backends.python.imports import Import, import_groups

KIT = "archdsl.backends.python"


def test_a_cut_runs_by_itself() -> None:
    cut = excerpt([(f"{KIT}.docstrings", "heading")])
    assert [section.module for section in cut.sections] == [f"{KIT}.literals", f"{KIT}.docstrings"]
    assert [list(section.texts) for section in cut.sections] == [["printable"], ["_COOKIE", "comment", "heading"]]
    assert cut.imports == {Import("re", "", "re"), Import("collections.abc", "Iterator", "Iterator")}
    lines = [line for group in import_groups(cut.imports) for line in group]
    found: dict[str, Any] = {}
    exec("\n".join([*lines, *(text for section in cut.sections for text in section.texts.values())]), found)
    assert list(found["heading"]("coding: x")) == ["# coding: utf-8", "# coding: x"]


def test_a_module_without_a_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "made", ModuleType("made"))
    with pytest.raises((AssertionError, ValueError)):
        excerpt([("made", "anything")])


def test_imports_stand_as_a_linter_sorts_them() -> None:
    imports = [
        Import("torch", "nn", "nn"), Import("torch", "Tensor", "Tensor"), Import("torch.nn.functional", "", "F"),
        Import("ctypes", "c_void_p", "c_void_p"), Import("ctypes", "CDLL", "CDLL"), Import("os", "", "os"),
    ]  # fmt: skip
    assert import_groups(imports) == [
        ["import os", "from ctypes import CDLL, c_void_p"],
        ["import torch.nn.functional as F", "from torch import Tensor, nn"],
    ]
