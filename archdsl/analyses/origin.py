"""Where a network comes from, in the words that stand at the head of a file written from it.

    origin(graph, source)      # "LeNet of specs/lenet.arch (sha256 8d3f…), compiled by archdsl 0.1.0."

Every file that a body of the network stands in is named, each with a hash of its own text: `sha256sum FILE` begins with
the same digits. Paths are shown as they were given, and imports as they follow from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from archdsl.graph.nodes import Apply, Graph
from archdsl.source import Source, visible
from archdsl.version import __version__

DIGITS = 16


def origin(graph: Graph, source: Source, settings: tuple[str, ...] = ()) -> str:
    """What is said of a network of `source`; `settings` are what was set from outside, such as `classes=10`."""
    given = f" with {visible(', '.join(settings))}" if settings else ""
    told = f"{graph.name} of {_named(source)}{given}, compiled by archdsl {__version__}."
    others = [text for text in dict.fromkeys(_sources(graph, set())) if text is not source]
    return "\n".join([told, *([""] if others else []), *(f"Imported: {_named(text)}." for text in others)])


def _named(source: Source) -> str:
    return f"{visible(source.name)} (sha256 {sha256(source.text.encode()).hexdigest()[:DIGITS]})"


def _sources(graph: Graph, seen: set[Graph]) -> Iterator[Source]:
    """The texts in which the bodies of a network stand; shared bodies once."""
    if graph in seen:
        return
    seen.add(graph)
    if graph.span:
        yield graph.span.source
    for step in graph.steps:
        if not isinstance(step, Apply):
            yield from _sources(step.graph, seen)
