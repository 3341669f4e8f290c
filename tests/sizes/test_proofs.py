"""Networks of windows, strides, pooling, padding, upsampling and branches: every proof and every counterexample is held
against arithmetic over all heights and widths from 1 to 200.

`pytest tests/sizes/test_proofs.py --hypothesis-profile=thorough` tries 10,000 networks; `benchmarks/proofs.py` counts.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.held_against_arithmetic import held
from support.random_networks import network

PARTS = 4  # so that several processes share them
EACH = max(300, settings.default.max_examples if settings.default else 0) // PARTS


@pytest.mark.parametrize("part", range(PARTS))
@settings(deadline=None, max_examples=EACH)
@given(data=st.binary(min_size=40, max_size=200))
def test_every_verdict_is_right(part: int, data: bytes) -> None:
    held(network(data))
