"""Large values, some samples at a time: where a network is cut, and that nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest

import archdsl
from archdsl.backends.torch.passes import INFERENCE
from archdsl.passes import through_passes

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

CONVS = "conv(16, kernel=3, padding=1) -> relu -> max_pool(2)\n conv(32, kernel=3, padding=1) -> relu -> max_pool(2)"


def network(text: str, image: str = "[N, 3, 64, 64]") -> Any:
    return archdsl.loads(f"network t {{ input image: {image}\n {text} }}")


def cut(net: Any) -> int | None:
    pieces = through_passes(net.graph, INFERENCE).pieces
    return pieces and pieces.nodes


def both(net: Any, x: Any, at_a_time: int) -> tuple[Any, Any, list[int]]:
    """What the network and the optimized one give, and how many samples the first layer of that got at a time."""
    torch.manual_seed(0)
    plain = net.torch().eval()
    fast = net.torch(optimize="inference", state=plain.state_dict())
    type(fast).forward.__globals__["AT_A_TIME"] = at_a_time
    seen: list[int] = []
    first = next(each for each in fast.modules() if hasattr(each, "parts"))
    first.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    with torch.no_grad():
        return fast(x), plain(x), seen


@pytest.mark.parametrize(
    "text",
    [
        f"{CONVS} -> flatten -> linear(10)",
        f"features = {{ {CONVS} }}\n flatten -> classifier = {{ linear(20) -> relu -> linear(10) }}",
        f"early = conv(8, kernel=3)\n {CONVS} -> global_avg_pool -> flatten -> linear(10)",
        f"a = conv(8, kernel=1) -> concat {{ | identity | conv(4, kernel=1) }} -> {CONVS} -> flatten -> linear(9)",
        f"add {{ | conv(3, kernel=1) | identity }} -> {CONVS}",
        f"{CONVS} -> conv(2, kernel=1)",
        f"features = {{ {CONVS} -> max_pool(4) -> conv(8, kernel=1) -> relu }}\n flatten -> linear(10)",
        f"stem = conv(4, kernel=1)\n late = {{ {CONVS} -> max_pool(4) -> conv(8, kernel=1) -> relu }}",
    ],
)
def test_pieces_compute_what_the_whole_does(text: str) -> None:
    net = network(text)
    x = torch.randn(7, 3, 64, 64)
    for at_a_time, sizes in [(1, {1}), (10**9, {7})]:
        found, wanted, seen = both(net, x, at_a_time)
        assert set(seen) == sizes
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    found, wanted, seen = both(net, x, 200_000)
    assert len(seen) > 1
    assert max(seen) - min(seen) <= 2
    assert sum(seen) == 7
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    found, wanted, _ = both(net, x[:0], 1)
    assert found.shape == wanted.shape


def test_the_rest_runs_on_all_samples() -> None:
    net = network(f"features = {{ {CONVS} -> max_pool(4) }}\n flatten -> linear(10)")
    assert cut(net) == 1
    source = net.torch_source(optimize="inference")
    assert "in_pieces(self.features, image, " in source
    assert "def early" not in source


def test_a_chain_may_be_cut_within() -> None:
    net = network(f"features = {{ {CONVS} -> max_pool(4) -> conv(8, kernel=1) -> relu }}\n flatten -> linear(10)")
    source = net.torch_source(optimize="inference")
    assert "in_pieces(self.features[:5], image, " in source
    assert "self.features[5:](x)" in source
    x = torch.randn(7, 3, 64, 64)
    torch.manual_seed(0)
    plain = net.torch().eval()
    fast = net.torch(optimize="inference", state=plain.state_dict())
    type(fast).forward.__globals__["AT_A_TIME"] = 1
    seen: list[int] = []
    fast.features[5].register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    with torch.no_grad():
        torch.testing.assert_close(fast(x), plain(x), rtol=1e-4, atol=1e-5)
    assert seen == [7]


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("concat(axis=0) { | identity | conv(3, kernel=1) } -> conv(4, kernel=1)", "[N, 3, 64, 64]"),
        (f"{CONVS} -> flatten -> linear(10)", "[4, 3, 64, 64]"),  # the size of the batch is fixed
        ("linear(10) -> relu -> linear(3)", "[N, 20]"),  # hardly any numbers
    ],
)
def test_what_stays_whole(text: str, image: str) -> None:
    assert cut(network(text, image)) is None
    assert "in_pieces" not in network(text, image).torch_source(optimize="inference")


def test_samples_are_joined_only_after_the_cut() -> None:
    net = network(f"{CONVS} -> flatten -> linear(10) -> concat(axis=0) {{ | identity | relu }}")
    assert cut(net) is not None
    x = torch.randn(5, 3, 64, 64)
    found, wanted, seen = both(net, x, 1)
    assert set(seen) == {1}
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_layer_may_be_called_early() -> None:
    net = network(f"early = conv(8, kernel=3)\n {CONVS} -> flatten -> linear(10)")
    assert "def early2(" in net.torch_source(optimize="inference")
    assert "early.weight" in net.torch(optimize="inference").state_dict()


def test_exported_and_compiled_networks_take_any_batch() -> None:
    net = network(f"stem = conv(8, kernel=3)\n {CONVS} -> flatten -> linear(10)")
    plain = net.torch().eval()
    fast = net.torch(optimize="inference", state=plain.state_dict())
    x = torch.randn(3, 3, 64, 64)
    shapes = {"image": {0: torch.export.Dim("N")}}
    exported = torch.export.export(fast, (x,), dynamic_shapes=shapes).module()
    compiled = torch.compile(fast, fullgraph=True, backend="aot_eager")
    with torch.no_grad():
        for batch in (3, 5):
            x = torch.randn(batch, 3, 64, 64)
            torch.testing.assert_close(exported(x), plain(x), rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(compiled(x), plain(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("system", "kept"), [("linux", 1), ("darwin", 0), ("win32", 0)])
def test_memory_is_settled_once_and_only_where_it_can_be(system, kept, monkeypatch):
    monkeypatch.setattr("sys.platform", system)
    net = network(CONVS)
    names: dict[str, Any] = {"__name__": "settled"}
    exec(compile(net.torch_source(optimize="inference"), "settled.py", "exec"), names)
    if system == "linux":
        monkeypatch.setitem(names, "CDLL", lambda name: Unhelpful())
    x = torch.randn(2, 3, 64, 64)
    for _ in range(2):
        names["T"]()(x)
        assert len(names["KEPT"]) == kept


class Unhelpful:
    """A C library that gives no large pages."""

    def madvise(self, *arguments: Any) -> int:
        return -1
