"""The summary of a network: its figures, layer by layer, and the forms in which they are read.

Takes a network's graph and the sizes that it is asked for; sizes that stay free leave expressions. Every form is made
from the same rows (`analyses/tally.py`), so that none counts for itself.
"""

from __future__ import annotations

from typing import Any

from archdsl.analyses.tally import Sizes, one_sample, tally
from archdsl.graph.nodes import Graph
from archdsl.reports.network_costs import NetworkCosts


class Summary(NetworkCosts):
    """What a network costs: parameters, multiply-adds and bytes written in one forward pass, whole and by layer.

        summary = net.summary(image=(1, 3, 224, 224))
        summary.macs            # 1814073344
        summary.rows            # the layers and blocks of the network's body, each with its own rows
        print(summary)          # a table

    Parameters are those that are learned. MACs count one multiply with its add, in convolutions, linear layers and
    matrix products. Where sizes are free, MACs and bytes are expressions in them.
    """

    def text(self, depth: int | None = None, width: int | None = None) -> str:
        """A table for a terminal of this width; blocks are open down to `depth` levels, repeated ones folded."""
        from archdsl.reports.folding import DRAWN
        from archdsl.reports.summary_table import text

        return text(self, depth, DRAWN, width)

    def plain_text(self, depth: int | None = None, width: int | None = None) -> str:
        """The same table in ASCII."""
        from archdsl.reports.folding import PLAIN
        from archdsl.reports.summary_table import text

        return text(self, depth, PLAIN, width)

    def markdown(self, depth: int | None = None) -> str:
        """The same table for a README."""
        from archdsl.reports.summary_table import markdown

        return markdown(self, depth)

    def csv(self, depth: int | None = None) -> str:
        """A line for each layer, or for each block at `depth`; the figures of all lines add up to the totals."""
        from archdsl.reports.summary_data import csv

        return csv(self, depth)

    def json(self, depth: int | None = None) -> dict[str, Any]:
        """Plain data for `json.dumps`, cut at `depth` as in CSV."""
        from archdsl.reports.summary_data import json

        return json(self, depth)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from archdsl.reports.summary_table import html

        return html(self)


def summarize(name: str, graph: Graph, sizes: Sizes) -> Summary:
    """The summary of a network; `sizes` stand in place of symbols, and a batch without a size is one sample."""
    values = {**one_sample(graph), **sizes}
    inputs = {entry.name: entry.shape.at(values) for entry in graph.inputs}
    outputs = {n: value.shape.at(values) for n, value in zip(graph.output_names, graph.outputs, strict=True)}
    return Summary(name, inputs, outputs, tally(graph, values))
