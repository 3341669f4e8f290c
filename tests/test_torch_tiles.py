"""3×3 convolutions by tiles: the same as direct sums, whatever the sizes, and as exact as is said."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archdsl

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

BOUND = 1e-5
"""How far tiles may be off float64, as a share of the largest output; measured: below 5e-6 for up to 512 channels."""


def layer(text: str, inputs: int) -> tuple[Any, dict[str, Any]]:
    """The layer that is emitted for a convolution, and the names of its file."""
    net = archdsl.loads(f"network t {{ input x: [N, {inputs}, H, W]\n {text} }}")
    names: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(net.torch_source(optimize="inference"), "emitted", "exec"), names)
    torch.manual_seed(0)
    (found,) = (each for each in names["T"]().modules() if type(each).__name__ == "TiledConv2d")
    return found, names


def tiled(found: Any, seen: list[int]) -> Any:
    """The layer with tiles for whatever size, which notes how many it computes at a time."""
    compute = type(found).compute_tiles

    def noted(self: Any, x: Any, top: int, y: Any, plus: Any) -> None:
        seen.append(y.shape[0])
        compute(self, x, top, y, plus)

    made = type("Always", (type(found),), {"tiles_pay": lambda *_: True, "compute_tiles": noted})
    found.__class__ = made
    return found


def exact(found: Any, x: Any, plus: Any = None) -> Any:
    bias = None if found.bias is None else found.bias.double()
    y = torch.nn.functional.conv2d(x.double(), found.weight.double(), bias, padding=found.padding)
    y = y if plus is None else y + plus
    return y.relu() if found.activation == "relu" else y


def assert_exact(y: Any, wanted: Any) -> None:
    assert y.shape == wanted.shape
    assert (y - wanted).abs().max() <= BOUND * max(1.0, wanted.abs().max())


@settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, max_examples=60)
@given(
    images=st.integers(1, 5),
    size=st.tuples(st.integers(3, 23), st.integers(3, 23)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    most=st.sampled_from([1, 7, 96]),
    adds=st.booleans(),
    end=st.sampled_from(["-> relu", "-> tanh", ""]),
    last=st.booleans(),
)
def test_tiles_are_direct_sums(
    images: int, size: tuple[int, int], padding: tuple[int, int], most: int, adds: bool, end: str, last: bool
) -> None:
    found, names = layer(f"conv(64, kernel=3, padding={list(padding)}) {end}".replace("[", "(").replace("]", ")"), 16)
    names["TILES"] = most
    seen: list[int] = []
    tiled(found, seen)
    x = torch.randn(images, 16, *size)
    x = x.to(memory_format=torch.channels_last) if last else x
    adds = adds and "tanh" not in end
    wanted = exact(found, x)
    plus = torch.randn(wanted.shape) if adds else None
    with torch.no_grad():
        y = found(x, plus)
    wanted = exact(found, x, plus)
    assert_exact(y, wanted.tanh() if "tanh" in end else wanted)
    assert seen, "tiles were computed"
    assert y.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("channels", [64, 512])
def test_the_error_is_small(channels: int) -> None:
    found, _ = layer(f"conv({channels}, kernel=3, padding=1)", channels)
    tiled(found, [])
    x = torch.randn(2, channels, 14, 15)
    with torch.no_grad():
        assert_exact(found(x), exact(found, x))


def test_tiles_follow_the_size_and_the_channels() -> None:
    found, _ = layer("conv(256, kernel=3, padding=1)", 256)
    assert found.tiles_pay(8, 14, 14)
    assert found.tiles_pay(1, 56, 56)
    assert not found.tiles_pay(1, 7, 7), "the weight is larger than what it is used for"
    assert not found.tiles_pay(0, 14, 14)
    few, _ = layer("conv(64, kernel=3, padding=1)", 64)
    assert not few.tiles_pay(8, 56, 56), "the sums cost more than they save"
    source = archdsl.loads("network t { input x: [N, 8, 9, 9]\n conv(32, kernel=3) }").torch_source(
        optimize="inference"
    )
    assert "Tiled" not in source


def test_changed_weights_and_copies() -> None:
    found, _ = layer("conv(128, kernel=3, padding=1)", 64)
    seen: list[int] = []
    tiled(found, seen)
    x = torch.randn(2, 64, 9, 9)
    with torch.no_grad():
        found(x)
        found.weight.mul_(2)
        found.bias.add_(1)
        assert_exact(found(x), exact(found, x))
        state = {name: torch.randn_like(tensor) for name, tensor in found.state_dict().items()}
        found.load_state_dict(state)
        assert_exact(found(x), exact(found, x))
        other = copy.deepcopy(found)
        assert other.kernel_at_points is None
        assert other.bias_at_points is None
        assert torch.equal(other(x), found(x))
        assert_exact(found(torch.cat([x, x, x])), exact(found, torch.cat([x, x, x])))


def test_other_ways_to_run() -> None:
    """Under autograd and autocast, exported, compiled and traced, direct sums run."""
    conv = "conv(128, kernel=3, padding=1)"
    net = archdsl.loads(f"network t {{ input x: [N, 64, 16, 16]\n {conv} -> relu -> {conv} }}")
    plain = net.torch().eval()
    fast = net.torch(optimize="inference", state=plain.state_dict())
    x = torch.randn(8, 64, 16, 16)
    with torch.no_grad():
        wanted = plain(x)
        torch.testing.assert_close(fast(x), wanted, rtol=0, atol=1e-5)
        assert all(each.kernel_at_points for each in fast.modules() if type(each).__name__ == "TiledConv2d")
        torch.testing.assert_close(
            torch.compile(fast, fullgraph=True, backend="aot_eager")(x), wanted, rtol=0, atol=1e-5
        )
        torch.testing.assert_close(torch.export.export(fast, (x,)).module()(x), wanted, rtol=0, atol=1e-5)
        torch.testing.assert_close(torch.jit.trace(fast, (x,))(x), wanted, rtol=0, atol=1e-5)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert (fast(x) - wanted).abs().max() < 0.1
    leaves = [x.clone().requires_grad_(), x.clone().requires_grad_()]
    for each, leaf in zip((plain, fast), leaves, strict=True):
        each(leaf).square().sum().backward()
    torch.testing.assert_close(leaves[1].grad, leaves[0].grad, rtol=0, atol=1e-4)
