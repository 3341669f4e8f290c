"""A summary as a table: for a terminal, for Markdown, for a notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from archdsl.analyses.tally import Row
from archdsl.reports.columns import columns
from archdsl.reports.figures import count, memory
from archdsl.reports.fitting import fitted
from archdsl.reports.folding import DRAWN, Line, Signs, folded_lines, lines
from archdsl.reports.network_costs import NetworkCosts
from archdsl.sizes.dim import Dim
from archdsl.sizes.shape import Shape

DEPTH = 2
"""Levels that are open unless a reader asks for others."""
HEADERS = ("layer", "op", "output", "parameters", "", "MACs", "", "memory", "", "receptive field")
TEXTS = 3
"""The first columns hold words, the others figures."""
SPARE = ((4, 6, 8), (9,), (7,), (5,))
"""The columns that a narrow terminal does without, first the shares, last the MACs."""
WIDEST = 40
"""An expression in free sizes that is longer has no place in a table."""


def text(summary: NetworkCosts, depth: int | None, signs: Signs, width: int | None = None) -> str:
    """The table in columns, with a heading above and totals below; its rows take at most `width` characters.

    LeNet: image [1, 1, 28, 28] -> [1, 10]

    layer  op       output          parameters             MACs              memory         receptive field
    0      conv     [1, 6, 28, 28]         156   0.3%   117.6 K  28.2%   18.38 KiB  32.2%               5×5
    """
    cells: list[Sequence[str]] = [HEADERS, *_cells(summary, depth, signs)]
    if width:
        cells = fitted(cells, width, TEXTS - 1, SPARE, signs.until)
    body = [line[:width] for line in columns(cells, TEXTS)]
    separator = signs.rule * max(map(len, body))
    body.insert(1, separator)
    body.insert(-1, separator)
    return "\n".join([_heading(summary), "", *body, *_notes(summary)])


def markdown(summary: NetworkCosts, depth: int | None) -> str:
    """The table in Markdown; blocks that are open are told by dots before their layers."""
    rows = [[_dotted(row[0]), *row[1:]] for row in _cells(summary, depth, DRAWN)]
    kinds = ["---"] * TEXTS + ["--:"] * (len(HEADERS) - TEXTS)
    table = [_piped(HEADERS), _piped(kinds), *(_piped([cell.replace("|", "\\|") for cell in row]) for row in rows)]
    return "\n".join([f"**{_heading(summary)}**", "", *table, *_notes(summary)])


def html(summary: NetworkCosts) -> str:
    """The table for a notebook."""
    right = ' style="text-align: right"'
    left = ' style="text-align: left"'

    def row(tag: str, cells: Sequence[str]) -> str:
        filled = (f"<{tag}{left if i < TEXTS else right}>{_spaced(cell)}</{tag}>" for i, cell in enumerate(cells))
        return f"<tr>{''.join(filled)}</tr>"

    *body, totals = _cells(summary, None, DRAWN)
    parts = [
        f"<table><caption>{escape(_heading(summary))}</caption>",
        f"<thead>{row('th', HEADERS)}</thead>",
        *["<tbody>", *(row("td", cells) for cells in body), "</tbody>"],
        f"<tfoot>{row('th', totals)}</tfoot></table>",
    ]
    return "\n".join([*parts, *(f"<p>{escape(note)}</p>" for note in _notes(summary) if note)])


def _cells(summary: NetworkCosts, depth: int | None, signs: Signs) -> list[list[str]]:
    """The cells of all lines, and of the totals below them."""
    shares = [
        _share(summary.parameters, lambda line: line.parameters),
        _share(summary.macs, lambda line: line.macs),
        _share(summary.activation_bytes, lambda line: line.activation_bytes),
    ]
    whole = Line(0, "total", "", summary.rows)
    opened = folded_lines(summary.rows, DEPTH, signs) if depth is None else lines(summary.rows, depth, signs)
    rows = [_row(line, shares, signs) for line in opened]
    return [*rows, ["total", "", "", *_figures(whole, shares, signs), ""]]


def _row(line: Line, shares: list[Callable[[Line], str]], signs: Signs) -> list[str]:
    shapes = ", ".join(map(str, line.last.outputs))
    return [
        "  " * line.level + line.name,
        line.op,
        shapes,
        *_figures(line, shares, signs),
        _field(line.last, signs.times),
    ]


def _figures(line: Line, shares: list[Callable[[Line], str]], signs: Signs) -> list[str]:
    sizes = (count(line.macs), memory(line.activation_bytes))
    written = (f"{line.parameters:,}", *(size if len(size) <= WIDEST else signs.until for size in sizes))
    return [cell for figure, share in zip(written, shares, strict=True) for cell in (figure, share(line))]


def _share(whole: Dim, part: Callable[[Line], Dim]) -> Callable[[Line], str]:
    def share(line: Line) -> str:
        size = part(line)
        return f"{size / whole:.1%}" if isinstance(size, int) and isinstance(whole, int) and size else ""

    return share


def _field(row: Row, times: str) -> str:
    if row.sees_all:
        return "all"
    return times.join("?" if size is None else str(size) for size in row.receptive_field)


def _heading(summary: NetworkCosts) -> str:
    return f"{summary.network}: {_shapes(summary.inputs)} -> {_shapes(summary.outputs)}"


def _shapes(shapes: dict[str, Shape]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items())


def _notes(summary: NetworkCosts) -> list[str]:
    """What stands below the table: the totals in full, and where sizes are free, how to get numbers."""
    figures = (_exact(figure) for figure in (summary.parameters, summary.macs, summary.activation_bytes))
    names = ("parameters", "MACs", "bytes written")
    if not summary.symbols:
        return ["", ", ".join(f"{figure} {name}" for figure, name in zip(figures, names, strict=True))]
    example = ", ".join(f"{name}={_example(shape)}" for name, shape in summary.inputs.items())
    free = f"free sizes: {', '.join(summary.symbols)}; give the input numbers for figures, as in {example}"
    return ["", *(f"{name} = {figure}" for figure, name in zip(figures, names, strict=True)), free]


def _exact(figure: Dim) -> str:
    return f"{figure:,}" if isinstance(figure, int) else str(figure)


def _example(shape: Shape) -> str:
    return "x".join(str(dim) if isinstance(dim, int) else "224" for dim in shape.dims)


def _dotted(name: str) -> str:
    """A name with its level in dots: Markdown drops leading spaces."""
    words = name.lstrip()
    return "· " * ((len(name) - len(words)) // 2) + words


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _spaced(cell: str) -> str:
    words = cell.lstrip()
    return "&nbsp;" * (2 * (len(cell) - len(words))) + escape(words)
