"""Ops of a kind are treated alike, whatever they are called: what one of them gets, each of them gets.

A new activation must be folded into the layer before it as tanh is, a new norm be told of when it stands twice as layer
norm is, and a layer that does nothing in evaluation must cost nothing there.
"""

from __future__ import annotations

import numpy as np
import pytest

import archdsl
from archdsl.analyses.receptive_field import receptive_fields
from archdsl.backends.numpy.fast.engine import Engine
from archdsl.backends.numpy.fuse import fused
from archdsl.backends.numpy.plan import plan
from archdsl.elaborate.foreign import near_op
from archdsl.ops import OPS

LAYERS = {
    "random_resized_crop": "random_resized_crop(scale=[0.5, 1.0])",
    "color_jitter": "color_jitter(brightness=0.2)",
    "group_norm": "group_norm(1)",
}
"""How ops are written that need arguments, or whose plain form would not do here."""


def of(trait: str) -> list[str]:
    return [name for name, op in OPS.items() if getattr(op, trait)]


def network(*stages: str) -> archdsl.Network:
    return archdsl.loads("network t {\ninput x: [N, 3, 8, 8]\n" + "\n".join(stages) + "\n}")


def written(name: str) -> str:
    return LAYERS.get(name, name)


def codes(text: str) -> list[str]:
    return [problem.code for problem in archdsl.check(text).problems]


NOOPS = of("is_noop_in_evaluation")
PLAIN = ("conv(4, kernel=3) -> relu", "conv(4, kernel=3) -> flatten -> linear(10)")


@pytest.mark.parametrize("name", NOOPS)
@pytest.mark.parametrize("place", [0, 1])
def test_what_does_nothing_in_evaluation_costs_nothing_there(name: str, place: int) -> None:
    """At the head and in the middle, in NumPy: no step, no line, and each thread keeps its own samples."""
    stages = [*PLAIN[:place], written(name), *PLAIN[place:]]
    if place and OPS[name].ranks == (4,) and "color" in name:
        stages.insert(1, "conv(3, kernel=1)")
    rest = [stage for stage in stages if stage != written(name)]
    net, without = network(*stages), network(*rest)
    assert len(fused(plan(net.graph)).steps) == len(fused(plan(without.graph)).steps)
    assert len(net.numpy_source().splitlines()) <= len(without.numpy_source().splitlines())
    assert len(net.torch_source(optimize="inference").splitlines()) <= len(
        without.torch_source(optimize="inference").splitlines()
    )
    assert by_sample(net) and by_sample(without)


def by_sample(net: archdsl.Network) -> bool:
    """Whether threads take samples through the whole network, each by itself."""
    program = net.numpy()
    x = np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32)
    program(x)
    engine = next(part for part in vars(program).values() if isinstance(part, Engine))
    trace, _ = engine._traced([x], 1)
    return bool(trace.by_image)


@pytest.mark.parametrize("name", of("is_pointwise"))
def test_activations(name: str) -> None:
    layer = "conv(4, kernel=3)"
    steps = fused(plan(network(f"{layer} -> {name}").graph)).steps
    assert len(steps) == 1, f"{name} is a step of its own behind a convolution"
    assert by_sample(network(f"{layer} -> {name}"))
    assert "activation-twice" in codes(f"network t {{ input x: [N, 8]\n linear(8) -> {name} -> {name} -> linear(8) }}")
    assert extent(name) == (3, 3)
    assert OPS[name].chapter.kind == "activation"


@pytest.mark.parametrize("name", of("is_norm"))
def test_norms(name: str) -> None:
    spec = (
        f"network t {{ input x: [N, 4, 8, 8]\n conv(4, kernel=3, bias=false) -> {written(name)} -> {written(name)} }}"
    )
    assert "norm-twice" in codes(spec)
    assert by_sample(network(f"conv(4, kernel=3, bias=false) -> {written(name)}"))
    assert OPS[name].chapter.kind == "norm"
    assert OPS[name].sized_elsewhere is not None or name == "group_norm", "told its channels first, as elsewhere?"


def extent(name: str) -> tuple[object, ...]:
    net = network(f"conv(4, kernel=3) -> {name}")
    return receptive_fields(net.graph, net.graph.inputs[0]).nodes[net.graph.nodes[-1]]


@pytest.mark.parametrize("name", OPS)
def test_every_op_has_what_all_have(name: str) -> None:
    op = OPS[name]
    assert op.chapter, f"{name} has no chapter in the manual"
    assert op.names_elsewhere, f"{name} says what no other library calls it"
    for other in op.names_elsewhere:
        assert near_op(other, OPS, ()) == f"did you mean {name}?"
