"""Receptive fields, against gradients: the inputs that a unit of torch's module depends on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support.places import SPECS
from support.spec_strategies import conv, pool

import archdsl
from archdsl import Network
from archdsl.analyses.receptive_field import Fields, receptive_fields
from archdsl.ops import OPS, Op
from archdsl.ops.reach import ITSELF, Reach, through, union
from archdsl.ops.sight import Field, Sight


def fields_of(net: Network) -> tuple[Field, ...]:
    """What the network's output sees of its input."""
    fields = receptive_fields(net.graph, net.graph.inputs[0])
    return fields.nodes[net.graph.outputs[0].node]


def extents(net: Network, size: tuple[int, ...]) -> tuple[int, ...]:
    """The extent of nonzero gradients of an output place, along each axis: the most of any place in the middle.

    All weights are positive and all activations rise, so that no two paths cancel.
    """
    module = net.torch().double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.abs_().add_(0.1)
    x = torch.rand(1, 1, *size, dtype=torch.float64).add_(0.5).requires_grad_()
    y = module(x)
    found = [0] * len(size)
    for place in _middle(tuple(y.shape[2:])):
        (gradient,) = torch.autograd.grad(y[(0, slice(None), *place)].sum(), x, retain_graph=True)
        for axis in range(len(size)):
            others = tuple(other for other in range(gradient.ndim) if other != axis + 2)
            seen = gradient.abs().sum(others).nonzero().flatten()
            if len(seen) and seen[0] > 0 and seen[-1] < size[axis] - 1:
                found[axis] = max(found[axis], int(seen[-1] - seen[0]) + 1)
    return tuple(found)


def _middle(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Places on the diagonal: each axis goes through all of its places."""
    for index in range(max(shape)):
        yield tuple(min(index, size - 1) for size in shape)


def chain(*stages: str, size: str = "H, W") -> Network:
    return archdsl.loads(f"network t {{\n    input image: [N, 1, {size}]\n" + "\n".join(stages) + "\n}")


SLIDING = {
    "window": ["conv(2, kernel=3)"],
    "stride": ["conv(2, kernel=3, stride=2, padding=1)", "conv(2, kernel=3)", "avg_pool(2)", "conv(2, kernel=5)"],
    "dilation": ["conv(2, kernel=3, dilation=4)", "conv(2, kernel=(1, 2), dilation=(1, 3), stride=(1, 2))"],
    "shortcut": ["add(broadcast=true) { | conv(2, kernel=5, padding=2) | identity }", "avg_pool(3, stride=2)"],
    "inception": ["concat { | conv(2, kernel=1) | conv(2, kernel=5, padding=2) | avg_pool(3, stride=1, padding=1) }"],
    "off centre": ["concat { | conv(2, kernel=3) -> pad([2, 2], after=[0, 0]) | identity }", "avg_pool(2)"],
    "transposed": ["conv_transpose(2, kernel=3, stride=2)", "conv(2, kernel=3)"],
    "transposed, with holes": ["conv_transpose(2, kernel=2, stride=3, dilation=2)", "conv(2, kernel=2)"],
    "nearest": ["avg_pool(2)", "upsample(2)", "conv(2, kernel=3, padding=1)", "conv(2, kernel=3, padding=1)"],
    "bilinear": ['upsample([2, 3], mode="bilinear")', "conv(2, kernel=3)"],
    "shuffled": ["conv(4, kernel=3)", "pixel_shuffle(2)", "conv(1, kernel=3)", "pixel_unshuffle(2)"],
    "sliced": ["slice(axis=2, start=1, step=2)", "slice(axis=3, start=-20)", "conv(2, kernel=3)"],
    "channels first and last": ["permute([0, 2, 3, 1])", "relu", "permute([0, 3, 1, 2])", "conv(2, kernel=3)"],
    "down and up": [
        "concat { | identity | avg_pool(4) -> conv(1, kernel=3, padding=1) -> conv_transpose(1, kernel=4, stride=4) }",
        "conv(2, kernel=3, padding=1)",
    ],
}


@pytest.mark.parametrize("name", SLIDING)
def test_sliding_ops_see_what_gradients_reach(name):
    net = chain(*SLIDING[name], size="48, 52")
    assert fields_of(net) == extents(net, (48, 52))


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=40)
@given(st.lists(st.one_of(conv(), pool()), min_size=1, max_size=4))
def test_random_chains_see_what_gradients_reach(stages):
    """Max pooling is read as average pooling, whose gradient reaches all of its window."""
    stages = [stage.replace("max_pool", "avg_pool").replace(", dilation=2", "") for stage in stages]
    stages = [stage for stage in stages if "groups" not in stage and "ceil" not in stage]
    text = "network t {\n    input image: [N, 1, 160]\n    " + "\n    ".join(stages) + "\n    identity\n}"
    assume(archdsl.check(text).ok)
    net = archdsl.loads(text)
    (field,) = fields_of(net)
    assume(isinstance(field, int) and field < 100)
    (found,) = extents(net, (160,))
    assume(found)
    assert field == found


def test_a_unet_sees_what_gradients_reach():
    net = archdsl.load(SPECS / "unet.arch", depth=2, channels=1)
    assert fields_of(net) == extents(net, (96, 96))


def test_published_fields():
    """Araujo, Norris and Sim (2019) have 212 for VGG-16's last pooling."""
    net = archdsl.load(f"{SPECS}/vgg.arch:VGG16")
    fields = receptive_fields(net.graph, net.graph.inputs[0])
    assert fields.nodes[net.graph.nodes[0]] == (212, 212)


WHOLE = [
    "global_avg_pool",
    "flatten -> linear(2)",
    "mean([2, 3], keep=true)",
    "instance_norm",
    "softmax(axis=3) -> softmax(axis=2)",
    "conv(4, kernel=3) -> flatten(start=2) -> permute([0, 2, 1]) -> attention(2)",
    "flatten(start=2) -> matmul(transpose=true) { | identity | identity } -> linear(3)",
    "flatten(start=2) -> permute([0, 2, 1]) -> layer_norm -> linear(4) -> permute([0, 2, 1]) -> linear(3)",
]


@pytest.mark.parametrize("stages", WHOLE)
def test_what_mixes_places_sees_all(stages):
    assert fields_of(chain(stages, size="12, 12")) == (Sight.ALL, Sight.ALL)


def test_tokens_keep_the_field_of_their_patch():
    """A sequence made of an image's places: what works on features alone sees no more of the image."""
    stages = ["conv(8, kernel=4, stride=4) -> flatten(start=2) -> permute([0, 2, 1])"]
    stages += [
        "add { | identity | layer_norm -> linear(8) -> gelu }",
        "concat(axis=1) { | parameter([1, 8]) | identity }",
    ]
    assert fields_of(chain(*stages, size="12, 12")) == (4, 4)


def test_a_learned_value_sees_nothing():
    assert fields_of(chain("parameter([3])", size="12, 12")) == (Sight.NOTHING, Sight.NOTHING)


def test_what_cannot_be_followed_is_unknown():
    """Tokens as a sequence, in which a window slides over neighbours that are none in the image."""
    assert fields_of(chain("flatten(start=2) -> conv(2, kernel=3)", size="12, 12")) == (Sight.UNKNOWN, Sight.UNKNOWN)
    assert fields_of(chain("adaptive_avg_pool(5)")) == (Sight.UNKNOWN, Sight.UNKNOWN)


def test_each_axis_has_its_own_field():
    assert fields_of(chain("conv(2, kernel=(3, 5), stride=(2, 1)) -> avg_pool((2, 1))")) == (5, 5)
    assert fields_of(chain("conv(2, kernel=(3, 7))")) == (3, 7)


def test_every_op_has_a_rule():
    """The rule of a base is not enough for what is neither pointwise nor idle: what it sees would be unknown."""
    for op in OPS.values():
        has_rule = op.sees is not Op.sees or op.is_pointwise or op.is_noop_in_evaluation
        assert has_rule, f"{op.name} does not say what it sees"


def test_inside_blocks():
    net = archdsl.loads(
        "block b { conv(1, kernel=3) -> conv(1, kernel=3) }\nnetwork t { input x: [N, 1, H, W]\n b -> b }"
    )
    fields: Fields = receptive_fields(net.graph, net.graph.inputs[0])
    first, second = (fields.inside[call] for call in net.graph.nodes)
    assert list(first.nodes.values()) == [(3, 3), (5, 5)]
    assert list(second.nodes.values()) == [(7, 7), (9, 9)]


def test_reaches():
    twice = through(ITSELF, [(0,), (0,)], 1)
    assert twice == Reach(((0, 0), (0, 0)), 1)
    assert through(twice, [(-1, 0, 1)], 2) == Reach(((-1, 0),), 1)
    assert union(ITSELF, twice) is None
    assert union(twice, twice) == twice
