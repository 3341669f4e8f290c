"""Options and helpers that several tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("thorough", max_examples=10_000, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the expectations of golden pages")
