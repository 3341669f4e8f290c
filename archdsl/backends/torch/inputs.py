"""What a network takes, as a function of the emitted file: a wrong input is told in the spec's words.

    @torch.fx.wrap  # torch.fx keeps the call as it is
    def check_inputs(image: Tensor) -> None:
        \"\"\"Raise an error that says what UNet takes.\"\"\"
        if not image.is_floating_point():
            raise TypeError(f"UNet takes real numbers as image; got {image.dtype}")
        if image.ndim != 4 or image.shape[1] != 1 or image.shape[2] % 16 != 0:
            raise ValueError(f"UNet takes image [N, 1, H, W] with H % 16 == 0; got {list(image.shape)}")

Sizes are compared where they are, so that a tracer with symbolic sizes learns what the checker knows, and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archdsl.analyses.accepted import demands
from archdsl.backends.python.layout import WIDTH, lines
from archdsl.backends.python.sizes import python
from archdsl.graph.nodes import Graph, Input
from archdsl.sizes.dim import symbol
from archdsl.sizes.fact import Fact

CHECK = "check_inputs"

OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
ROOM = WIDTH - len(" " * 12 + 'f"" ')
WHOLE = "(torch.int32, torch.int64)"


def check(graph: Graph, network: str, names: Sequence[str]) -> Iterator[str]:
    """The lines of the function; `names` are those of the inputs, as `forward` has them."""
    given = list(zip(graph.inputs, names, strict=True))
    yield "@torch.fx.wrap  # torch.fx keeps the call as it is"
    yield from lines(f"def {CHECK}({', '.join(f'{name}: Tensor' for name in names)})", 0, suffix=" -> None:")
    yield f'    """Raise an error that says what {network} takes."""'
    for entry, name in given:
        numbers = "real" if entry.shape.kind == "float" else "whole"
        yield from _condition([_WRONG_KINDS[entry.shape.kind].format(name=name)])
        yield from _raise("TypeError", f"{network} takes {numbers} numbers as {entry.name}; got {{{name}.dtype}}")
    takes = ", ".join(f"{entry.name} {entry.shape}" for entry in graph.inputs)
    wanted = demands(graph)
    where = f" with {', '.join(map(str, wanted))}" if wanted else ""
    yield from _condition(list(_wrong_sizes(given, wanted)))
    found = ", ".join(f"{{list({name}.shape)}}" for name in names)
    yield from _raise("ValueError", f"{network} takes {takes}{where}; got {found}")


_WRONG_KINDS = {"float": "not {name}.is_floating_point()", "int": f"{{name}}.dtype not in {WHOLE}"}


def _wrong_sizes(given: Sequence[tuple[Input, str]], wanted: Sequence[Fact]) -> Iterator[str]:
    """Comparisons of which none may hold, each safe after those before it; symbols are read where they stand first."""
    read: dict[str, str] = {}
    for entry, name in given:
        dims = entry.shape.dims
        fixed = [dim for dim in dims if isinstance(dim, int)]
        start = len(dims) - len(fixed)
        together = bool(fixed) and start < 2 and list(dims[start:]) == fixed
        if together:
            yield f"list({name}.shape{'[1:]' if start else ''}) != {fixed}"
        else:
            yield f"{name}.ndim != {len(dims)}"
        for axis, dim in enumerate(dims):
            place = f"{name}.shape[{axis}]"
            if str(dim) not in read and dim == symbol(str(dim)):
                read[str(dim)] = place
            elif not (together and isinstance(dim, int)):
                yield f"{place} != {python(dim, read)}"
    for fact in wanted:
        yield f"{python(fact.left, read)} {OPPOSITE[fact.relation]} {python(fact.right, read)}"


def _condition(alternatives: Sequence[str]) -> Iterator[str]:
    """An `if` that holds when one of the alternatives does, as the formatter breaks it."""
    line = f"    if {' or '.join(alternatives)}:"
    if len(line) <= WIDTH:
        yield line
        return
    yield "    if ("
    yield f"        {alternatives[0]}"
    yield from (f"        or {alternative}" for alternative in alternatives[1:])
    yield "    ):"


def _raise(error: str, text: str) -> Iterator[str]:
    """The statement that raises; a message that fills more than a line is broken between words."""
    whole = f'        raise {error}(f"{text}")'
    if len(whole) <= WIDTH:
        yield whole
        return
    yield f"        raise {error}("
    row = ""
    for word in text.split(" "):
        if row and len(row) + len(word) > ROOM:
            yield f"            {_string(row)}"
            row = ""
        row += f"{word} "
    yield f"            {_string(row[:-1])}"
    yield "        )"


def _string(text: str) -> str:
    return f'{"f" if "{" in text else ""}"{text}"'
