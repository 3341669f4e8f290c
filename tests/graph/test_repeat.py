"""A repetition is one node with a count: what is counted of it is what the list has that it stands for."""

from __future__ import annotations

import pytest
from support.numpy_graphs import Body, N, basic, conv

from archdsl.analyses.accepted import accepted
from archdsl.analyses.cost import macs
from archdsl.analyses.ranges import ranges
from archdsl.analyses.state import parameters, state
from archdsl.graph.nodes import Apply, Graph, Repeat, layers
from archdsl.graph.opened import opened, opened_steps, shortened
from archdsl.graph.text import text
from archdsl.graph.verify import verify_graph
from archdsl.ops.activation import Relu
from archdsl.ops.combine import Add
from archdsl.sizes.dim import symbol
from archdsl.sizes.shape import Shape

IMAGE = Shape((N, 4, symbol("H"), 8))


def tower(count: int, inner: int = 3) -> Graph:
    """A stem, then passes with a layer, a sum with the stem, a repetition of their own, and a block; then a head."""
    deeper = Body(x=IMAGE)
    deepest = deeper.apply(Relu(), deeper.apply(conv(4, 3, padding=1), deeper.inputs[0], key="2"), key="3")
    one = Body(x=IMAGE, stem=IMAGE)
    x = one.apply(conv(4, 1), one.inputs[0], key="1")
    x = one.apply(Add(), x, one.inputs[1])
    x = one.repeat(inner, deeper.close("pass", "", deepest), x, stride=2)
    x = one.call(basic(IMAGE), x, key=str(2 + 2 * inner))
    body = Body(image=IMAGE)
    stem = body.apply(conv(4, 1), body.inputs[0])
    y = body.repeat(count, one.close("pass", "", x), stem, stem, stride=2 + 2 * inner)
    return body.close("network", "Tower", body.apply(conv(2, 8), y, key=str(1 + count * (2 + 2 * inner))))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_what_is_counted_is_what_the_list_has(count: int) -> None:
    graph = tower(count)
    flat = opened(graph)
    verify_graph(graph)
    verify_graph(flat)
    assert not any(isinstance(step, Repeat) for step in flat.steps)
    assert len(flat.nodes) == 2 + count * 9 == opened_steps(graph) - len(basic(IMAGE).nodes)
    assert graph.size == flat.size
    assert state(graph) and [(t.name, t.shape) for t in state(graph)] == [(t.name, t.shape) for t in state(flat)]
    assert [(layer.path, layer.node.op) for layer in layers(graph)] == [(n.path, n.node.op) for n in layers(flat)]
    assert (parameters(graph), macs(graph)) == (parameters(flat), macs(flat))
    assert (accepted(graph), ranges(graph)) == (accepted(flat), ranges(flat))


def test_a_million_passes_are_one_node() -> None:
    graph = tower(10**6)
    assert len(graph.steps) == 3
    one_more = parameters(tower(2)) - parameters(tower(1))
    assert parameters(graph) == parameters(tower(1)) + (10**6 - 1) * one_more
    assert "repeat 1000000 from 0 {" in text(graph)


def test_some_are_left_closed() -> None:
    graph = tower(5, inner=40)
    assert opened(graph, most=10) is graph
    assert len(opened(graph, most=1000).nodes) == len(opened(graph).nodes)
    assert [type(step) for step in shortened(graph, 3).steps].count(Apply) == 1 + 3 * (2 + 6) + 1
    flat = opened(graph)
    assert opened(flat) is flat


def test_a_flat_list_is_opened_first() -> None:
    with pytest.raises(AssertionError, match="open them first"):
        _ = tower(2).nodes
