"""Literals: what is written reads as the same value, in the formatter's own style."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from archdsl.backends.python.literals import literal, quoted

CONSTANTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)


@given(st.text(max_size=30))
def test_strings_survive_as_literals(string: str) -> None:
    assert eval(quoted(string)) == string
    quoted(string).encode()


@given(CONSTANTS)
def test_constants_survive_as_literals(value: Any) -> None:
    found = eval(literal(value))
    assert found == value and repr(found) == repr(value)


def test_constants_print_as_the_formatter_writes_them() -> None:
    assert [literal(v) for v in (True, 3, 0.5, (3,), (3, 1), "a", None)] == [
        "True", "3", "0.5", "(3,)", "(3, 1)", '"a"', "None"
    ]  # fmt: skip
    assert literal(float("inf")) == 'float("inf")'
    assert literal(print) == "print"
