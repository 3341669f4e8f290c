"""Passes that are alike are one node, and the network is the same as with every pass expanded.

The other side of each comparison is the elaborator with folding switched off, which only these tests can do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.numpy_graphs import Body
from support.spec_strategies import network

import archdsl
from archdsl.analyses import tally
from archdsl.compiler import Report
from archdsl.diagnostics.render import render
from archdsl.elaborate import control, module
from archdsl.elaborate.loops import Loop, folded
from archdsl.graph.nodes import Apply, Call, Graph, Repeat, Step, layers
from archdsl.graph.opened import opened
from archdsl.graph.verify import verify_graph
from archdsl.ops.activation import Relu
from archdsl.ops.combine import Add
from archdsl.ops.linear import Linear
from archdsl.sizes.shape import Shape
from archdsl.source import Source, Span

PLACES = ("x", "relu", "linear(4)", "linear(4, bias=false)", "identity", "batch_norm", "dropout(0.5)", "layer_norm")


@contextmanager
def every_pass_expanded() -> Iterator[None]:
    """No pass is left out, and none is folded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(control, "is_settled", lambda *_: False)
        patch.setattr(module, "folded", lambda nodes, loops, outputs: (tuple(nodes), outputs))
        yield


@st.composite
def looping(draw: st.DrawFn) -> str:
    """A network of loops in loops; most of their bodies keep the shape, some read the counter, name or share things."""
    names = iter(range(100))
    known = ["x"]

    def body(depth: int, counters: tuple[str, ...]) -> str:
        stages = draw(st.lists(st.integers(0, 14), min_size=1, max_size=3))
        return " -> ".join(stage(kind, depth, counters) for kind in stages)

    def stage(kind: int, depth: int, counters: tuple[str, ...]) -> str:
        counter = counters[-1] if counters else "1"
        plain = draw(st.sampled_from(PLACES[1:]))
        if depth == 0 or kind < 3:
            return plain
        count = draw(st.integers(0, 4))
        inner = (*counters, f"i{next(names)}")
        return {
            3: lambda: f"repeat {count} {{ {body(depth - 1, counters)} }}",
            4: lambda: f"repeat {inner[-1]} in {count} {{ {body(depth - 1, inner)} }}",
            5: lambda: f"for {inner[-1]} in [2, 2, 3, 4] {{ {body(depth - 1, inner)} }}",
            6: lambda: f"add {{ | {body(depth - 1, counters)} | identity }}",
            7: lambda: f"add {{ | {body(depth - 1, counters)} | {draw(st.sampled_from(known))} }}",
            8: lambda: f"{{ {body(depth - 1, counters)} }}",
            9: lambda: f"linear({counter} + 3) -> linear(4)",
            10: lambda: f"if {counter} < 2 {{ {body(depth - 1, counters)} }}",
            11: lambda: f"b({draw(st.sampled_from(['1', counter]))})",
            12: lambda: f"concat {{ | relu | {draw(st.sampled_from(known))} }} -> linear(4)",
            13: lambda: "f",
            14: lambda: f"linear({draw(st.integers(3, 5))})",
        }[kind]()

    lines = ["block b(k) { add { | repeat 3 { linear(4) } | repeat k { relu } -> linear(in.features) } }"]
    lines += ["network t {", "    input x: [N, 4]", "    shared f = linear(4)"]
    for index in range(draw(st.integers(1, 4))):
        name = f"v{index} = " if draw(st.booleans()) else ""
        lines.append(f"    {name}linear(4)")
        known += [f"v{index}"] if name else []
        loop = f"i{next(names)}"
        lines.append(f"    repeat {loop} in {draw(st.integers(0, 5))} {{ {body(2, (loop,))} }}")
    return "\n".join([*lines, "}\n"])


def repetitions(graph: Graph) -> Iterator[Repeat]:
    """All repetitions in a graph and the bodies that it calls."""
    seen: set[Graph] = set()
    queue = [graph]
    while queue:
        body = queue.pop()
        if body not in seen:
            seen.add(body)
            yield from (step for step in body.steps if isinstance(step, Repeat))
            queue += (step.graph for step in body.steps if isinstance(step, Call | Repeat))


def wiring(graph: Graph) -> list[Any]:
    """Everything that a graph says, calls opened."""
    names: dict[Any, Any] = {entry: index for index, entry in enumerate(graph.inputs)}
    rows: list[Any] = [[entry.shape for entry in graph.inputs]]

    def row(index: int, step: Step) -> list[Any]:
        assert not isinstance(step, Repeat)
        inputs = [(names[value.node], value.index) for value in step.inputs]
        names[step] = -index - 1
        what = wiring(step.graph) if isinstance(step, Call) else step.op
        shares = names[step.shares] if step.shares is not None else None
        return [what, inputs, step.shapes, step.key, step.label, shares, step.span and str(step.span)]

    rows += [row(index, step) for index, step in enumerate(graph.steps)]
    return [*rows, [(names[value.node], value.index) for value in graph.outputs], graph.output_names, graph.arguments]


def held(text: str) -> tuple[Report, Report]:
    """The reports of a text with folding and without; what can be told of both is the same."""
    found = archdsl.check(text)
    with every_pass_expanded():
        plain = archdsl.check(text)
    assert render(found.problems) == render(plain.problems)
    assert found.ok == plain.ok
    for net, flat in zip(found.networks, plain.networks, strict=True):
        verify_graph(net.graph)
        verify_graph(opened(net.graph))
        assert wiring(opened(net.graph)) == wiring(flat.graph)
        assert [layer.path for layer in layers(net.graph)] == [layer.path for layer in layers(flat.graph)]
        assert net.state() == flat.state()
        assert (net.parameters, net.accepts) == (flat.parameters, flat.accepts)
        assert net.summary().json() == flat.summary().json()
        assert net.summary().text() == flat.summary().text()
        assert archdsl.diff(net, flat).is_empty
    return found, plain


@settings(max_examples=60, deadline=None)
@given(looping())
def test_loops(text: str) -> None:
    held(text)


@settings(max_examples=25, deadline=None)
@given(network())
def test_any_network(text: str) -> None:
    held(text)


FOLDED = {
    "repeat 4 { linear(4) -> relu }": [4],
    "repeat i in 4 { linear(4) }": [4],
    "repeat i in 4 { linear(4 if i < 4 else 5) }": [4],
    "for i in [4, 4, 4] { linear(i) }": [3],
    "repeat i in 5 { linear(5 if i == 1 else 4) -> linear(4) }": [3],
    "repeat i in 5 { linear(5 if i == 3 else 4) -> linear(4) }": [3],
    "v0 = relu\nv1 = relu\nv2 = relu\nrepeat i in 3 { add { | linear(4) | v{i} } }": [],
    "repeat 3 { linear(7) -> relu }": [2],
    "repeat 3 { repeat 4 { linear(4) } }": [3, 4],
    "repeat 3 { { linear(4) -> relu } }": [3],
    "repeat 3 { add { | linear(4) | x } }": [3],
    "repeat i in 3 { s{i} = linear(4) }": [],
    "shared f = linear(4)\nrepeat 3 { f }": [],
    "repeat 1 { linear(4) }": [],
    "repeat 5 { linear(in.features + 1) }": [],
}


@pytest.mark.parametrize("body", FOLDED)
def test_what_is_one_node(body: str) -> None:
    found, _ = held(f"network t {{ input x: [N, 4]\n{body} }}")
    assert [repeat.count for repeat in repetitions(found.networks[0].graph)] == FOLDED[body]


@pytest.mark.parametrize(
    "body",
    [
        "repeat i in 4 { a{i} = linear(4) }\nconcat { | a1 | a3 }",
        "repeat i in 4 { split([1, 3]) -> linear(4) }\n",
        "a = relu\nrepeat 3 { add { | linear(4) | a } }\nadd { | identity | a }",
        "repeat 3 { relu -> x }\nlinear(3)",
        "repeat 3 { }\nlinear(3)",
        'repeat 3 { linear(4) }\n"7" = linear(3)\nlinear(2)',
        'repeat 30 { linear(4) }\n"7" = linear(3)',
        '"7" = linear(4)\nrepeat 30 { linear(4) }',
        "repeat 3 { linear(4) -> linearr(4) }",
        "repeat 3 { a = linear(4) }",
        "repeat 3 { linear(4): [N, 5] }\nlinear(3): [N, 3]",
        "repeat 3 { conv(4, kernel=3) }",
        "repeat 2 { repeat 3 { repeat 4 { relu -> linear(4) } -> tanh } }\nrepeat 3 { sigmoid }",
    ],
)
def test_names_and_mistakes_are_the_same(body: str) -> None:
    held(f"network t {{ input x: [N, 4]\n{body} }}")


def test_a_repetition_costs_one_node_however_long_it_is() -> None:
    net = archdsl.loads("network t { input x: [N, 4]\n repeat 999_999 { relu } }")
    assert (len(net.graph.steps), net.graph.size) == (1, 999_999)
    assert "999999 × relu" in net.summary().text()
    assert sum(row.activation_bytes for row in net.summary().rows) == 16 * 999_999
    assert "999999 × relu" in net.picture("mermaid")
    longer = archdsl.loads("network t { input x: [N, 4]\n repeat 999_998 { relu } }")
    assert str(archdsl.diff(net, longer)).count("repeat 999999") == 1
    with pytest.raises(archdsl.ArchError, match="too-many-to-open"):
        net.numpy_source()


def test_receptive_fields_of_a_long_repetition_grow_by_the_same() -> None:
    text = "network t {{ input x: [N, 4, H, W]\n {} }}"
    body = "add { | conv(4, kernel=3, padding=1) -> conv(4, kernel=[1, 5], padding=[0, 2]) | identity }"
    rows = archdsl.loads(text.format(f"repeat 50_000 {{ {body} }}")).summary().rows
    assert rows[-1].receptive_field == (100_001, 300_001)
    for count in (1, 2, 3, 500):
        long = archdsl.loads(text.format(f"repeat {count} {{ {body} }}\n max_pool(2) -> conv(4, kernel=3)"))
        assert long.summary().rows[-1].receptive_field == (2 * count + 6, 6 * count + 6)


def test_a_number_that_a_pass_has_which_was_not_expanded_is_taken() -> None:
    held('network t { input x: [N, 4]\nrepeat 30 { relu -> repeat 5 { linear(4) } }\n"23" = linear(3) }')


SPATIAL = (
    "conv(4, kernel=3, padding=1)",
    "conv(4, kernel=[1, 5], padding=[0, 2])",
    "conv(4, kernel=2) -> pad(0, after=1)",
    "pad(2) -> conv(4, kernel=3, dilation=2)",
    "max_pool(2) -> upsample(2)",
    "upsample(2) -> conv(4, kernel=3, stride=2, padding=1)",
    "slice(2, start=1) -> pad([0, 0], after=[1, 0])",
    "relu",
    "permute([0, 1, 3, 2])",
    "softmax(axis=2)",
    "conv(4, kernel=3, padding=1, dilation=1)",
)


@st.composite
def wide(draw: st.DrawFn) -> str:
    """Images, and a repetition of stages that keep their size; arms from outside see much, little or nothing."""

    def stages() -> str:
        return " -> ".join(draw(st.lists(st.sampled_from(SPATIAL), min_size=1, max_size=2)))

    def arm() -> str:
        return draw(st.sampled_from(["identity", "x", "far", "other", "conv(4, kernel=1)"]))

    def part() -> str:
        joins = st.sampled_from([f"add {{ | {stages()} | {arm()} }}", f"max {{ | {stages()} | {arm()} }}", stages()])
        return draw(joins).replace("max {", "mul {")

    body = "\n ".join(part() for _ in range(draw(st.integers(1, 2))))
    count = draw(st.integers(4, 12))
    head = "input other: [N, 4, 12, 12]\ninput x: [N, 4, 12, 12]\nfar = conv(4, kernel=9, padding=4)\nx"
    return f"network t {{ {head}\n {stages()}\n repeat {count} {{ {body} }}\n conv(4, kernel=3, padding=1) }}\n"


@settings(max_examples=80, deadline=None)
@given(wide())
def test_a_closed_repetition_costs_and_sees_what_the_list_does(text: str) -> None:
    report = archdsl.check(text)
    assert all(not problem.is_error for problem in report.problems), text
    (net,) = report.networks
    flat = net.summary()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally, "MANY", 0)
        closed = net.summary()
    figures = [(s.parameters, s.macs, s.activation_bytes) for s in (flat, closed)]
    assert figures[0] == figures[1]
    known = {row.path: row.receptive_field for row in flat.layers()}
    assert any(isinstance(row.node, Repeat) for row in closed.rows)
    assert [row.receptive_field for row in closed.rows if not isinstance(row.node, Repeat)] == [
        known[row.path] for row in closed.rows if not isinstance(row.node, Repeat)
    ]


def hand_made(leaks: bool, last: str) -> tuple[Step, ...]:
    """Two passes of linear and relu, folded; the linear layer of the first may be read again behind them."""
    body = Body(x=Shape((4, 4)))
    x = body.inputs[0]
    loop = Loop(Span(Source("<text>", "x"), 0, 1), x, 0, 0)
    values = []
    for keys in (("0", "1"), ("2", last)):
        values.append(body.apply(Linear(4), x, key=keys[0]))
        x = body.apply(Relu(), values[-1], key=keys[1])
        loop.end(len(body.nodes), len(body.nodes), x)
    x = body.apply(Add(), x, values[0] if leaks else x)
    nodes = [node for node in body.nodes if not isinstance(node, Repeat)]
    return folded(nodes, [loop], (x,))[0]


def test_passes_are_not_folded_where_something_reads_what_is_inside() -> None:
    assert [type(step) for step in hand_made(False, "3")] == [Repeat, Apply]
    assert [type(step) for step in hand_made(True, "3")] == [Apply] * 5


def test_passes_are_not_folded_where_their_numbers_do_not_run_on() -> None:
    assert [type(step) for step in hand_made(False, "4")] == [Apply] * 5
