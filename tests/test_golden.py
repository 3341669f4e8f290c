"""Golden pages: a spec, and what the compiler makes of it.

A page is Markdown. Each ```arch block is followed by blocks with what it must give:

    ```errors    the rendered diagnostics
    ```graph     the graph, as `archdsl show --stage graph` prints it
    ```state     names and shapes of all weights
    ```torch     the emitted PyTorch, without its head
    ```optimized the graph after the passes of --optimize inference
    ```ok        nothing: the spec passes the check
    ```accepts   the sizes that the network accepts, a condition a line

`pytest --update-golden` rewrites them; the difference is read before it is committed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from archdsl.compiler import Report, check_source
from archdsl.diagnostics.render import render
from archdsl.graph.text import text
from archdsl.graph.verify import verify_graph
from archdsl.passes import through_passes
from archdsl.passes.inference import INFERENCE
from archdsl.source import Source

PAGES = sorted((Path(__file__).parent / "golden").rglob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)

CHECK = re.compile(r"^@torch\.fx\.wrap.*?\n\n\n", re.M | re.S)
"""The check of the inputs, which every file has: the pages of `tests/golden/torch` show it."""


def errors(report: Report) -> str:
    return render(report.problems)


def graph(report: Report) -> str:
    assert report.ok, render(report.problems)
    return "\n\n".join(text(network.graph) for network in report.networks)


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
    "graph": graph,
    "state": state,
    "torch": torch,
    "optimized": optimized,
    "ok": ok,
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_page(page: Path, pytestconfig: pytest.Config) -> None:
    before = page.read_text(encoding="utf-8")
    report = Report((), ())
    seen = False

    def fresh(match: re.Match[str]) -> str:
        nonlocal report, seen
        kind, body = match[1], match[2]
        if kind == "arch":
            report, seen = check_source(Source("net.arch", body)), True
            for network in report.networks:
                verify_graph(network.graph)
            return match[0]
        if kind not in VIEWS:
            return match[0]
        assert seen, f"{page.name}: a {kind} block before any arch block"
        found = "\n".join(line.rstrip() for line in VIEWS[kind](report).splitlines())
        return f"```{kind}\n{found}\n```" if found else f"```{kind}\n```"

    after = BLOCK.sub(fresh, before)
    if pytestconfig.getoption("--update-golden"):
        page.write_text(after, encoding="utf-8")
    else:
        assert after == before


def test_there_are_pages() -> None:
    assert len(PAGES) >= 20
