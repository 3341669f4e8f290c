"""A sample of the random texts of `benchmarks/fuzz.py`: nothing but diagnostics comes of them."""

from __future__ import annotations

import runpy

import pytest
from support.places import ROOT

FUZZ = runpy.run_path(str(ROOT / "benchmarks" / "fuzz.py"))
TEXTS = FUZZ["seeds"]()


@pytest.mark.parametrize("start", range(8))
def test_random_texts_give_diagnostics_alone(start: int) -> None:
    for index in range(40):
        way, text = FUZZ["number"](start, index, TEXTS)
        try:
            FUZZ["tried"](text)
        except Exception as fault:
            raise AssertionError(f"python benchmarks/fuzz.py: start {start}, number {index} ({way})") from fault
