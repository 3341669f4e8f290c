"""Golden pages: a spec, and what the compiler makes of it.

A page is Markdown. Each ```arch block is followed by blocks with what it must give:

    ```errors    the rendered diagnostics
    ```graph     the graph, as `archdsl show --stage graph` prints it
    ```definitions  what the graph keeps of the spec, as `archdsl show --stage definitions` prints it
    ```state     names and shapes of all weights
    ```torch     the emitted PyTorch, without its head
    ```optimized the graph after the passes of --optimize inference
    ```ok        nothing: the spec passes the check
    ```accepts   the sizes that the network accepts, a condition a line

`pytest --update-golden` rewrites them; the difference is read before it is committed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.places import TESTS
from support.views import VIEWS

from archdsl.compiler import Report, check_source
from archdsl.graph.verify import verify_graph
from archdsl.source import Source

PAGES = sorted((TESTS / "golden").rglob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)

"""The check of the inputs, which every file has: the pages of `tests/golden/torch` show it."""


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
