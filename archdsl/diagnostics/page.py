"""The manual page in a docstring."""

from __future__ import annotations

from inspect import cleandoc
from textwrap import indent


def page(kind: type) -> str:
    """The docstring of a class, flush left, its examples indented.

    A page without prose after its first line has nothing but examples to take the indentation from: there everything
    is moved in. What tells the two apart is that prose ends in a full stop or a colon.
    """
    first, _, rest = cleandoc(kind.__doc__ or "").partition("\n")
    flush = [paragraph for paragraph in rest.split("\n\n") if paragraph.strip() and not paragraph.startswith(" ")]
    if flush and not any(paragraph.endswith((".", ":")) for paragraph in flush):
        rest = indent(rest, "    ")
    return f"{first}\n{rest}"
