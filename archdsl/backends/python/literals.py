"""Constants as Python reads them, and as the formatter writes them."""

from __future__ import annotations

from math import isfinite
from typing import Any


def literal(value: Any) -> str:
    """A constant as text; a list is written as a tuple, a function or a class by its name.

    literal((1, "a", float("inf")))      # '(1, "a", float("inf"))'
    """
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float) and not isfinite(value):
        return f'float("{value}")'
    if isinstance(value, tuple | list):
        items = ", ".join(map(literal, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    if callable(value):
        return str(value.__name__)
    assert value is None or isinstance(value, bool | int | float), f"{value!r} is no constant"
    return repr(value)


def quoted(string: str) -> str:
    """A string literal, in double quotes unless that takes escapes; what does not print is escaped.

    quoted('a "b"')      # "'a \\"b\\"'"
    """
    body = "".join(c if c.isprintable() and c != "\\" else repr(c)[1:-1] for c in string)
    if '"' in body and "'" not in body:
        return f"'{body}'"
    return '"' + body.replace('"', '\\"') + '"'


def printable(text: str) -> str:
    """The text with everything escaped that does not print: line breaks, directions of writing, lone surrogates.

    printable("a\\u202eb")      # "a\\\\u202eb"
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
