"""Stages of about the same work: no worse than the best cuts by more than the slack, and with less to be sent."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.places import ROOT

import archdsl
from archdsl.analyses.stages import SLACK, Cut, _cheapest, _least_longest


def longest(cuts: tuple[Cut, ...], total: int) -> int:
    return max(b - a for a, b in pairwise([0, *(cut.before for cut in cuts), total]))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 20)), min_size=3, max_size=9), st.integers(1, 4))
def test_no_choice_of_cuts_is_better(rows: list[tuple[int, int]], stages: int) -> None:
    done, places = 0, []
    for number, (macs, crossing) in enumerate(rows[:-1]):
        done += macs
        places.append(Cut(f"{number}", done, crossing))
    total = done + rows[-1][0]
    if len(places) < stages - 1:
        return
    every = [*combinations(places, stages - 1)]
    best = min(longest(cuts, total) for cuts in every)
    assert _least_longest(places, total, stages) == best
    limit = int(SLACK * best)
    found = tuple(_cheapest(places, total, stages, limit))
    assert len(found) == stages - 1
    assert longest(found, total) <= limit
    sent = min(sum(cut.crossing for cut in cuts) for cuts in every if longest(cuts, total) <= limit)
    assert sum(cut.crossing for cut in found) == sent


def load(target: str) -> archdsl.Network:
    return archdsl.load(ROOT / "specs" / target)


@pytest.mark.parametrize(
    "target", ["resnet.arch:ResNet50", "unet.arch:UNet", "densenet.arch:DenseNet121", "vit.arch:ViTBase16"]
)
@pytest.mark.parametrize("stages", [2, 4])
def test_the_stages_of_the_zoo_are_balanced(target: str, stages: int) -> None:
    """By the summary's own figures: no stage has more than a third above its share."""
    net = load(target)
    shape = [1, *(size if isinstance(size, int) else 256 for size in net.inputs["image"].dims[1:])]
    names = net.pipeline(stages, image=shape)
    assert names == net.pipeline(stages), "the sizes to reckon with are these"
    parts, current = [0], iter([*names, None])
    coming = next(current)
    for layer in net.summary(image=shape).layers():
        if coming is not None and f"{layer.path}.".startswith(f"{coming}."):
            parts.append(0)
            coming = next(current)
        parts[-1] += int(layer.macs)
    assert len(parts) == stages
    assert max(parts) <= sum(parts) / stages * 4 / 3


def test_one_stage_needs_no_cut() -> None:
    assert load("lenet.arch:LeNet").pipeline(1) == []


@pytest.mark.parametrize("stages", [0, -1, 6])
def test_numbers_of_stages_that_cannot_be(stages: int) -> None:
    with pytest.raises(ValueError, match="stages"):
        load("lenet.arch:LeNet").pipeline(stages)


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        load("resnet.arch:ResNet18").pipeline(2, image=(1, 1, 224, 224))


SHARED = """
network t {
    input x: [N, 16]
    first = linear(16)
    shared twice = { linear(16) -> relu -> linear(16) }
    a = linear(16)
    twice
    twice
    last = linear(16)
}
"""


def test_a_shared_layer_is_never_cut_nor_parted_from_its_other_uses() -> None:
    net = archdsl.loads(SHARED)
    assert net.pipeline(2) in (["a"], ["last"])
    with pytest.raises(ValueError, match="3 stages at most"):
        net.pipeline(4)


def test_block_classes_are_those_of_the_module() -> None:
    torch = pytest.importorskip("torch")
    net = load("resnet.arch:ResNet18")
    found = [module for module in net.torch().modules() if isinstance(module, net.block_classes())]
    assert [type(module).__name__ for module in found] == ["Basic"] * 8
    assert net.block_classes("basic") == net.block_classes()
    saving = net.block_classes(checkpoint=["basic"])
    assert isinstance(net.torch(checkpoint=["basic"]).layer1[0], saving)
    assert all(issubclass(kind, torch.nn.Module) for kind in saving)
    with pytest.raises(ValueError, match="did you mean basic"):
        net.block_classes("bassic")


def test_a_network_without_blocks_has_no_block_classes() -> None:
    pytest.importorskip("torch")
    assert load("lenet.arch:LeNet").block_classes() == ()
