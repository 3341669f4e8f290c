"""Convolutions by tiles, along one axis or both: as direct sums, whatever the sizes, and as exact as is said."""

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


def tiled(found: Any, seen: list[int], axes: int = 2) -> Any:
    """The layer with tiles for whatever size, which notes how many images it computes at a time."""
    compute = type(found).compute_tiles

    def noted(self: Any, x: Any, top: int, y: Any, plus: Any, axes: int) -> None:
        seen.append(y.shape[0])
        compute(self, x, top, y, plus, axes)

    made = type("Always", (type(found),), {"axes_of_tiles": lambda *_: axes, "compute_tiles": noted})
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
    size=st.tuples(st.integers(5, 23), st.integers(5, 23)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    way=st.sampled_from([(3, 1), (3, 2), (5, 1)]),
    cached=st.sampled_from([1, 20_000, 1_000_000]),
    adds=st.booleans(),
    end=st.sampled_from(["-> relu", "-> tanh", ""]),
    last=st.booleans(),
)
def test_tiles_are_direct_sums(
    images: int,
    size: tuple[int, int],
    padding: tuple[int, int],
    way: tuple[int, int],
    cached: int,
    adds: bool,
    end: str,
    last: bool,
) -> None:
    kernel, axes = way
    found, names = layer(f"conv(64, kernel={kernel}, padding=({padding[0]}, {padding[1]})) {end}", 16)
    names["CACHED"] = cached
    seen: list[int] = []
    tiled(found, seen, axes)
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


@pytest.mark.parametrize(("kernel", "axes"), [(3, 1), (3, 2), (5, 1)])
@pytest.mark.parametrize("channels", [64, 512])
def test_the_error_is_small(channels: int, kernel: int, axes: int) -> None:
    found, _ = layer(f"conv({channels}, kernel={kernel}, padding=1)", channels)
    tiled(found, [], axes)
    x = torch.randn(2, channels, 14, 15)
    with torch.no_grad():
        assert_exact(found(x), exact(found, x))


def test_tiles_follow_the_size_and_the_channels() -> None:
    found, _ = layer("conv(256, kernel=3, padding=1)", 256)
    assert found.axes_of_tiles(8, 14, 14) == 2
    assert found.axes_of_tiles(1, 56, 56) == 2
    assert found.axes_of_tiles(1, 7, 7) == 0, "the weight is larger than what it is used for"
    assert found.axes_of_tiles(0, 14, 14) == 0
    few, _ = layer("conv(64, kernel=3, padding=1)", 64)
    assert few.axes_of_tiles(8, 56, 56) == 1, "sums along both axes cost more than they save"
    fewer, _ = layer("conv(32, kernel=3, padding=1)", 32)
    assert fewer.axes_of_tiles(8, 28, 28) == 0
    large, _ = layer("conv(192, kernel=5, padding=2)", 64)
    assert large.axes_of_tiles(8, 27, 27) == 1
    odd, _ = layer("conv(100, kernel=5, padding=2)", 64)
    assert odd.axes_of_tiles(8, 27, 27) == 0, "the kernel takes 16 channels at a time"
    source = archdsl.loads("network t { input x: [N, 8, 9, 9]\n conv(24, kernel=3) }").torch_source(
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
        assert other.at_points is None
        assert other.bias_at_points is None
        assert torch.equal(other(x), found(x))
        assert_exact(found(torch.cat([x, x, x])), exact(found, torch.cat([x, x, x])))


@pytest.mark.parametrize("axes", [0, 1, 2])
def test_sizes_may_change_from_call_to_call(axes: int) -> None:
    """Weights are packed for the size at hand; of the orders that sizes want, two are kept."""
    found, _ = layer("conv(192, kernel=3, padding=1) -> relu", 64)
    tiled(found, [], axes)
    with torch.no_grad():
        for size in (7, 20, 13, 7, 31, 20):
            for images in (1, 3):
                x = torch.randn(images, 64, size, size)
                assert_exact(found(x), exact(found, x))
        kept = found.at_points or found.packed
        assert len(kept.orders) == 2


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
        assert all(each.at_points for each in fast.modules() if type(each).__name__ == "TiledConv2d")
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
