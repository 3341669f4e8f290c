"""Names: whatever is wanted, Python reads it as one name, and it hides nothing."""

from __future__ import annotations

import ast
import builtins
import keyword
from unicodedata import normalize

from hypothesis import example, given
from hypothesis import strategies as st

from archdsl.backends.python.names import camel, identifier, unique

WISHES = st.one_of(st.text(max_size=12), st.sampled_from([*keyword.kwlist, *keyword.softkwlist, *dir(builtins)]))


@given(WISHES, st.sets(st.sampled_from(["x", "_", "x_", "é"])))
@example("௰", set())  # a number to Unicode, and nothing to Python
@example("ﬁ", {"fi"})  # Python reads a ligature as its letters
@example("", set())
def test_a_name_is_python_s_and_new(wish: str, taken: set[str]) -> None:
    name = identifier(wish, taken)
    (read,) = {node.id for node in ast.walk(ast.parse(name)) if isinstance(node, ast.Name)}
    assert read == name == normalize("NFKC", name)
    assert name not in taken and not hasattr(builtins, name) and not keyword.iskeyword(name)


@given(WISHES)
def test_camel_case_is_a_name_or_empty_or_begins_with_a_digit(wish: str) -> None:
    word = camel(wish)
    assert word.isascii() and (not word or word[0].isdigit() or word.isidentifier())


def test_a_number_makes_a_name_new() -> None:
    assert [unique("x", taken) for taken in ([], ["x"], ["x", "x2"])] == ["x", "x2", "x3"]
