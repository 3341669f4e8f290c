"""ReLUs and sums that write over their input: only where nobody else has it, and where training allows it."""

from __future__ import annotations

import copy
import re

import pytest

import archdsl

torch = pytest.importorskip("torch")


def network(body: str, before: str = "") -> archdsl.Network:
    return archdsl.loads(f"{before}\nnetwork t {{ input image: [N, 8, 12, 12]\n {body} }}")


def overwriting(net: archdsl.Network) -> int:
    """How many activations of the emitted file write over their input."""
    return net.torch_source().count("inplace=True")


def sums_in_place(net: archdsl.Network) -> int:
    return net.torch_source().count(" += ")


def out_of_place(net: archdsl.Network, module: torch.nn.Module) -> torch.nn.Module:
    """The same module with activations and sums that leave their input alone."""
    text = re.sub(r"(, )?inplace=True", "", net.torch_source())
    text = re.sub(r"(\w+) \+= ", r"\1 = \1 + ", text)
    names: dict[str, type[torch.nn.Module]] = {"__name__": "out_of_place"}
    exec(compile(text, "out_of_place.py", "exec"), names)
    return names[type(module).__name__]()


GATED = "block gated(c) { mul { | conv(c, kernel=1) | conv(c, kernel=1) -> sigmoid } }"
OVERWRITES = [
    "conv(8, kernel=3) -> relu",
    "conv(8, kernel=3) -> relu6",
    "conv(8, kernel=3) -> batch_norm -> relu",
    "conv(8, kernel=3) -> group_norm(2) -> relu",
    "add { | identity | conv(8, kernel=1) } -> relu",
    "mul { | identity | conv(8, kernel=1) } -> relu",
    "concat { | identity | conv(8, kernel=1) } -> relu",
    "max_pool(2) -> relu",
    "avg_pool(2) -> relu",
    "adaptive_avg_pool(2) -> relu",
    "adaptive_max_pool(2) -> relu",
    "conv_transpose(8, kernel=2, stride=2) -> relu",
    "flatten -> linear(8) -> relu",
]
KEEPS = [
    "relu",  # of what the network is given
    "conv(8, kernel=3) -> identity -> relu",
    "conv(8, kernel=3) -> dropout(0.5) -> relu",
    "conv(8, kernel=3) -> flatten -> relu",
    "conv(8, kernel=3) -> sigmoid -> relu",  # the gradient of the sigmoid needs what it leaves
    "conv(8, kernel=3) -> silu",  # and that of silu what it is given
    "conv(8, kernel=1) -> a = batch_norm -> relu -> add { | identity | a }",
    "conv(8, kernel=3) -> a = batch_norm -> relu\n output a",
    "gated(8) -> relu",  # what a block leaves may be held by others
    "shared act = relu\n conv(8, kernel=1) -> act -> conv(8, kernel=1) -> act",
]


ADDS_TO = [
    "add { | identity | conv(8, kernel=1) -> batch_norm } -> relu",
    "add { | batch_norm | identity }",
    "add { | batch_norm | conv(8, kernel=1) -> relu } -> a = conv(8, kernel=1) -> add { | identity | a }",
    "add { | conv(8, kernel=1) -> batch_norm | batch_norm }",
    "add { | gated(8) | batch_norm } -> relu",
    "add { | identity | batch_norm } -> add { | identity | batch_norm } -> add { | batch_norm | identity }",
    "flatten -> linear(8) -> add { | relu | batch_norm } -> linear(2)",
    "a = relu -> b = batch_norm -> add { | a | b } -> concat { | identity | identity } -> mul { | relu | identity }",
]
KEEPS_SUMS = [
    "add { | identity | conv(8, kernel=1) }",
    "add { | identity | batch_norm | relu }",
    "add(broadcast=true) { | identity | global_avg_pool -> batch_norm }",
    "a = batch_norm -> add { | a | a }",
    "a = batch_norm -> add { | a | relu } -> add { | identity | a }",
    "sub { | identity | batch_norm }",
    "mul { | identity | batch_norm }",
    "image -> sum = add { | identity | batch_norm } -> conv(8, kernel=1) -> add { | identity | sum }",
]


@pytest.mark.parametrize("body", ADDS_TO)
def test_a_sum_writes_over_a_norm(body):
    assert sums_in_place(network(body, GATED)) >= 1


@pytest.mark.parametrize("body", KEEPS_SUMS)
def test_other_sums_are_values_of_their_own(body):
    assert sums_in_place(network(body, GATED)) == 0


@pytest.mark.parametrize("body", OVERWRITES)
def test_a_relu_writes_over_what_is_made_for_it(body):
    assert overwriting(network(body)) == 1


@pytest.mark.parametrize("body", KEEPS)
def test_a_relu_leaves_alone_what_others_may_need(body):
    assert overwriting(network(body, GATED)) == 0


@pytest.mark.parametrize("body", OVERWRITES + KEEPS + ADDS_TO + KEEPS_SUMS)
@pytest.mark.parametrize("training", [True, False])
def test_it_changes_no_value_and_no_gradient(body, training):
    net = network(body, GATED)
    torch.manual_seed(0)
    module = net.torch().train(training)
    other = out_of_place(net, module).train(training)
    other.load_state_dict(module.state_dict())
    image = torch.randn(4, 8, 12, 12)
    found = []
    for each in (module, other):
        given = image.clone().requires_grad_()
        torch.manual_seed(1)
        out = each(given)
        (out * torch.arange(out.numel()).view_as(out).cos()).sum().backward()
        assert torch.equal(given, image), "what the network is given stays as it is"
        found.append([out, given.grad, *(p.grad for p in each.parameters())])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_a_shared_activation_leaves_its_input_alone_in_an_optimized_network():
    net = network(
        "shared act = relu\n image -> conv(8, kernel=1) -> b = act\n image -> a = act\n add { | a | b | image }"
    )
    plain = net.torch().eval()
    fast = net.torch(optimize="inference", state=plain.state_dict())
    image = torch.randn(2, 8, 12, 12)
    kept = image.clone()
    with torch.no_grad():
        torch.testing.assert_close(fast(image), plain(image))
    assert torch.equal(image, kept)


def test_hooks_on_blocks_see_what_the_block_leaves():
    net = network("gated(8) -> relu -> gated(8) -> batch_norm -> relu", GATED)
    module = net.torch()
    held: list[torch.Tensor] = []
    copies: list[torch.Tensor] = []
    gradients: list[torch.Tensor] = []

    def keep(block, inputs, output):
        held.extend([*inputs, output])
        copies.extend(copy.deepcopy(x.detach()) for x in (*inputs, output))

    for block in net.block_classes("gated"):
        for each in filter(lambda one, block=block: isinstance(one, block), module.modules()):
            each.register_forward_hook(keep)
            each.register_full_backward_hook(lambda block, taken, left: gradients.extend(left))
    module(torch.randn(2, 8, 12, 12, requires_grad=True)).sum().backward()
    assert len(gradients) == 2
    assert all(map(torch.equal, held, copies))
