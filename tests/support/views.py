"""What a golden page may show of a spec: one function for each kind of block."""

from __future__ import annotations

import re
from collections.abc import Callable

from archdsl.backends.torch.passes import INFERENCE
from archdsl.compiler import Report
from archdsl.diagnostics.render import render
from archdsl.graph.text import text
from archdsl.graph.written import written
from archdsl.passes import through_passes

CHECK = re.compile(r"^@torch\.fx\.wrap.*?\n\n\n", re.M | re.S)


def errors(report: Report) -> str:
    return render(report.problems)


def graph(report: Report) -> str:
    assert report.ok, render(report.problems)
    return "\n\n".join(text(network.graph) for network in report.networks)


def definitions(report: Report) -> str:
    assert report.ok, render(report.problems)
    origins = (network.graph.origin for network in report.networks)
    return "\n\n".join(written(origin) for origin in origins if origin)


def state(report: Report) -> str:
    assert report.ok, render(report.problems)
    return "\n".join(f"{name:<30} {list(shape)}" for net in report.networks for name, shape in net.state())


def optimized(report: Report) -> str:
    assert report.ok, render(report.problems)
    return "\n\n".join(text(through_passes(network.graph, INFERENCE)) for network in report.networks)


def torch(report: Report) -> str:
    assert report.ok, render(report.problems)
    sources = (CHECK.sub("", network.torch_source()) for network in report.networks)
    return "\n\n".join(source[source.index("class ") :].strip() for source in sources)


def ok(report: Report) -> str:
    assert report.ok, render(report.problems)
    return ""


def accepts(report: Report) -> str:
    assert report.ok, render(report.problems)
    return "\n".join(claim for network in report.networks for claim in network.accepts)


VIEWS: dict[str, Callable[[Report], str]] = {
    "accepts": accepts,
    "errors": errors,
    "definitions": definitions,
    "graph": graph,
    "state": state,
    "torch": torch,
    "optimized": optimized,
    "ok": ok,
}
