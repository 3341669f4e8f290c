"""Values of the spec's names as outputs: what the whole network has there, and nothing that it needs not."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from support.places import ROOT

import archdsl
from archdsl.analyses.state import state
from archdsl.graph.nodes import Call, Graph
from archdsl.graph.opened import opened
from archdsl.passes.outputs import with_outputs

torch = pytest.importorskip("torch")
torch.set_num_threads(1)


SIAMESE = """
network Siamese {
    input left: [N, 8]
    input right: [N, 8]
    shared encoder = { first = linear(6) -> tanh -> linear(4) }
    left -> a = encoder
    right -> b = encoder
    both = add { | a | b }
    unused = { linear(5) }      # allow: dead-value
    both -> linear(3) -> relu
    output head = linear(2)
}
"""


def resnet() -> archdsl.Network:
    return archdsl.load(ROOT / "specs/resnet.arch:ResNet18", channels=8, classes=10)


def features(net: archdsl.Network, names: list[str]) -> tuple[Any, Any]:
    """The whole network and one of these outputs, with the same weights, ready to infer."""
    whole = net.torch().eval()
    part = net.torch(outputs=names, state=whole.state_dict()).eval()
    assert part.state_dict().keys() <= whole.state_dict().keys()
    return whole, part


def test_weights_that_are_no_ones_are_still_refused() -> None:
    net = resnet()
    with pytest.raises(RuntimeError, match=r"Unexpected key.*other"):
        net.torch(outputs=["layer2"], state=net.torch().state_dict() | {"other": torch.zeros(1)})


def seen(whole: Any, name: str, *inputs: Any) -> Any:
    """What a submodule of the whole network leaves."""
    found = []
    hook = whole.get_submodule(name).register_forward_hook(lambda module, given, left: found.append(left))
    whole(*inputs)
    hook.remove()
    return found[-1]


NAMES = ["layer2", "layer4", "layer3.0.conv1", "conv1", "layer1.1", "layer4.0.downsample.0", "fc"]


@pytest.mark.parametrize("names", [*([name] for name in NAMES), *map(list, pairwise(NAMES)), NAMES], ids=",".join)
def test_they_are_what_the_whole_network_has_there(names: list[str]) -> None:
    whole, part = features(resnet(), names)
    x = torch.randn(2, 3, 64, 64)
    found = part(x)
    for name, value in zip(names, [found] if len(names) == 1 else found, strict=True):
        assert torch.equal(value, seen(whole, name, x)), name


def test_they_are_fields_of_a_named_tuple() -> None:
    _, part = features(resnet(), ["layer2", "layer3.0.conv1"])
    assert part(torch.zeros(1, 3, 64, 64))._fields == ("layer2", "layer3_0_conv1")


def test_what_is_not_needed_is_gone() -> None:
    _, part = features(resnet(), ["layer2"])
    assert {name for name, _ in part.named_children()} == {"conv1", "bn1", "layer1", "layer2"}
    _, part = features(resnet(), ["layer2.0.conv1"])
    assert [name for name in part.state_dict() if name.startswith("layer2")] == ["layer2.0.conv1.weight"]


def test_an_output_of_the_network_has_its_own_name() -> None:
    net = resnet()
    whole, part = features(net, ["layer4", "out"])
    x = torch.randn(2, 3, 64, 64)
    assert torch.equal(part(x).out, whole(x))
    assert part.state_dict().keys() == whole.state_dict().keys()


def test_values_of_a_shared_layer_are_told_apart_by_their_names() -> None:
    net = archdsl.loads(SIAMESE)
    left, right = torch.randn(2, 8), torch.randn(2, 8)
    whole, part = features(net, ["a", "b", "a.first", "both", "head"])
    assert "unused.0.weight" in whole.state_dict()
    assert "unused.0.weight" not in part.state_dict()
    found = part(left, right)
    encoder = whole.get_submodule("encoder")
    first = whole.get_submodule("encoder.first")
    assert torch.equal(found.a, encoder(left))
    assert torch.equal(found.b, encoder(right))
    assert torch.equal(found.a_first, first(left))
    assert torch.equal(found.both, encoder(left) + encoder(right))
    assert torch.equal(found.head, whole(left, right))


def test_the_second_application_of_a_shared_layer_keeps_its_weights() -> None:
    net = archdsl.loads(SIAMESE)
    whole, part = features(net, ["b.first"])
    assert [*part.state_dict()] == ["encoder.first.weight", "encoder.first.bias"]
    left, right = torch.randn(2, 8), torch.randn(2, 8)
    assert torch.equal(part(left, right), whole.get_submodule("encoder.first")(right))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("layr2", "ResNet18 has no layr2; did you mean layer2?"),
        ("layer3.0.cov1", "did you mean layer3.0.conv1"),
        ("layer9", "did you mean layer"),
        ("fc.weight", "fc is a layer without others"),
        ("neck", "it has conv1, bn1"),
        ("", "it has conv1, bn1"),
    ],
)
def test_an_unknown_name_is_told_with_what_there_is(name: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        resnet().torch_source(outputs=[name])
    assert message in str(raised.value)


def test_a_name_of_several_values_is_told() -> None:
    with pytest.raises(ValueError, match="encoder is applied 2 times"):
        archdsl.loads(SIAMESE).torch_source(outputs=["encoder"])


def paths(graph: Graph, prefix: str = "") -> list[str]:
    found = []
    for node in graph.nodes:
        if node.key and node.shares is None:
            found.append(f"{prefix}{node.key}")
            found += paths(node.graph, f"{prefix}{node.key}.") if isinstance(node, Call) else []
    return found


@pytest.mark.parametrize("target", ["googlenet.arch:GoogLeNet", "densenet.arch:DenseNet121", "unet.arch:UNet"])
def test_every_name_of_the_zoo_can_be_an_output(target: str) -> None:
    """The rewritten graph is sound, and the weights that it keeps are those of the network."""
    net = archdsl.load(ROOT / "specs" / target)
    names = {name for name, _ in net.state()}
    every = paths(net.graph)
    for path in every[:: max(1, len(every) // 12)]:
        rewritten = with_outputs(net.graph, [path])
        kept = {tensor.name for tensor in state(rewritten)}
        assert kept <= names
    assert {tensor.name for tensor in state(with_outputs(net.graph, every))} == names


def test_all_outputs_of_a_network_are_the_network() -> None:
    graph = opened(resnet().graph)
    assert with_outputs(graph, ["out"]).nodes == graph.nodes


def test_naming_the_outputs_leaves_out_what_reaches_none_of_them() -> None:
    """DistributedDataParallel waits for the gradient of every weight, for good."""
    net = archdsl.loads(SIAMESE)
    inputs = torch.randn(2, 8), torch.randn(2, 8)
    for module, missing in ((net.torch(), ["unused.0.weight", "unused.0.bias"]), (net.torch(outputs=["head"]), [])):
        module(*inputs).sum().backward()
        assert [name for name, weight in module.named_parameters() if weight.grad is None] == missing
