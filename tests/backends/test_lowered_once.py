"""Each backend asks the rule of an op once for each node, however often it writes, plans and runs the network."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from support.places import SPECS

from archdsl import load
from archdsl.backends.numpy import rules as numpy_rules
from archdsl.backends.numpy.plan import plan
from archdsl.backends.torch import rules as torch_rules
from archdsl.backends.torch import source
from archdsl.graph.nodes import Apply, Call, Graph
from archdsl.graph.once import once
from archdsl.graph.opened import opened


def nodes(graph: Graph) -> Iterator[Apply]:
    """The ops of a network, those of a body that is called several times once."""
    seen, todo = {graph}, [graph]
    while todo:
        body = todo.pop()
        yield from (node for node in body.nodes if isinstance(node, Apply))
        inner = {node.graph for node in body.nodes if isinstance(node, Call)} - seen
        seen |= inner
        todo += inner


def counted(rule: Any, asked: Counter[str]) -> Any:
    """The rule, with a count of how often each op asks it."""

    def ask(op: Any, *shapes: Any) -> Any:
        asked[op.name] += 1
        return rule(op, *shapes)

    return ask


def in_all(graph: Graph) -> Counter[str]:
    """How many nodes of each op there are."""
    return Counter(node.op.name for node in nodes(graph))


@pytest.mark.parametrize("target", ["lenet.arch:LeNet", "googlenet.arch:GoogLeNet", "vit.arch:ViTBase16"])
def test_torch_lowers_a_node_once(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = opened(load(SPECS / target).graph)
    asked: Counter[str] = Counter()
    for kind, rule in list(torch_rules.RULES.items()):
        monkeypatch.setitem(torch_rules.RULES, kind, counted(rule, asked))
    assert source(graph) == source(graph)
    assert asked == in_all(graph)


@pytest.mark.parametrize("target", ["lenet.arch:LeNet", "resnet.arch:ResNet50", "vit.arch:ViTBase16"])
def test_numpy_lowers_a_node_once(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = opened(load(SPECS / target).graph)
    asked: Counter[str] = Counter()
    monkeypatch.setattr(numpy_rules, "lower", counted(numpy_rules.lower, asked))
    assert len(plan(graph).steps) == len(plan(graph).steps)
    assert asked == in_all(graph)


def test_what_is_kept_of_a_node_goes_with_it() -> None:
    network = load(SPECS / "lenet.arch:LeNet")
    found = once(lambda node: [node.op])
    node = next(nodes(network.graph))
    assert found(node) is found(node)
    gone = weakref.ref(node)
    del node, network
    gc.collect()
    assert gone() is None
