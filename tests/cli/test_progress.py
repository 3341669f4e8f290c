"""Bars appear on terminals alone, after a second, and leave nothing behind but the way back to an empty line."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from time import sleep

import pytest

from archdsl.cli import progress
from archdsl.cli.progress import WIPE, elapsed, steps


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.05)


def test_quick_work_shows_nothing():
    with redirect_stderr(Terminal()) as terminal:
        assert list(steps([1, 2, 3], "checking")) == [1, 2, 3]
    assert terminal.getvalue() == ""


def test_slow_work_shows_a_bar():
    seen = []
    with redirect_stderr(Terminal()) as terminal:
        for item in steps(range(4), "checking"):
            sleep(0.06)
            seen.append(item)
    assert seen == [0, 1, 2, 3]
    assert "checking" in terminal.getvalue() and "/4" in terminal.getvalue()
    assert terminal.getvalue().endswith(WIPE)


def test_waiting_tells_the_time():
    with redirect_stderr(Terminal()) as terminal, elapsed("timing"):
        sleep(0.2)
    assert "timing: 0 s" in terminal.getvalue()
    assert terminal.getvalue().endswith(WIPE)


def test_files_and_pipes_get_none():
    with redirect_stderr(io.StringIO()) as pipe:
        for _ in steps(range(3), "checking"):
            sleep(0.06)
        with elapsed("timing"):
            sleep(0.1)
    assert pipe.getvalue() == ""
