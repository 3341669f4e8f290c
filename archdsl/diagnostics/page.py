"""The manual page in a docstring."""

from __future__ import annotations

from inspect import cleandoc


def page(kind: type) -> str:
    """The docstring of a class, flush left, its examples indented.

    A page of one line and one example has nothing but the example to take the indentation from; there the last line
    tells the two apart, since prose ends in a full stop.
    """
    first, _, rest = cleandoc(kind.__doc__ or "").partition("\n")
    lines = rest.splitlines()
    if rest and not rest.endswith(".") and not any(line.startswith(" ") for line in lines):
        lines = [f"    {line}" if line else "" for line in lines]
    return "\n".join([first, *lines])
