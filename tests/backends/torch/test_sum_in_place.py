"""Sums written over their other arm: only where nobody reads it afterwards, whoever has it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archdsl

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

UNIT = "block unit(c) { add { | identity | conv(c, kernel=3, padding=1) -> relu -> conv(c, kernel=1) } -> relu }"
BLOCKS = f"""
    {UNIT}
    block squeezed(c) {{
        add {{
            | identity
            | conv(c, kernel=1)
              -> mul(broadcast=true) {{ | identity | global_avg_pool -> sigmoid }}
              -> conv(c, kernel=1)
        }}
    }}
    block again(c) {{
        a = unit(c) -> add {{ | conv(c, kernel=1) | a }} -> concat {{ | identity | a }} -> conv(c, kernel=1)
    }}
    block twice(c) {{ unit(c) -> unit(c) }}
    block pooled(c) {{ add {{ | identity | max_pool(3, stride=1, padding=1) -> conv(c, kernel=1) }} }}
"""


def network(chain: str) -> Any:
    return archdsl.loads(f"{BLOCKS} network t {{ input image: [N, 16, 6, 6]\n {chain} }}")


def overwriting(net: Any) -> int:
    """How many convolutions of the module write over what they add."""
    return sum(getattr(each, "inplace", False) is True for each in net.torch(optimize="inference").modules())


def assert_the_same(net: Any) -> None:
    torch.manual_seed(0)
    plain = net.torch().eval()
    fast = net.torch(optimize="inference", state=plain.state_dict())
    x = torch.randn(2, 16, 6, 6).to(memory_format=torch.channels_last)
    kept = x.clone()
    with torch.no_grad():
        for _ in range(2):
            found, wanted = fast(x), plain(x)
            many = isinstance(wanted, tuple)
            for one, other in zip(found, wanted, strict=True) if many else [(found, wanted)]:
                torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    assert torch.equal(x, kept), "what the network is given stays as it is"


@pytest.mark.parametrize(
    ("chain", "count"),
    [
        ("conv(16, kernel=1) -> unit(16)", 1),
        ("conv(16, kernel=1) -> unit(16) -> unit(16) -> unit(16)", 3),
        ("conv(16, kernel=1) -> twice(16) -> twice(16)", 4),
        ("conv(16, kernel=1) -> pooled(16)", 1),
        ("conv(16, kernel=1) -> squeezed(16)", 1),
        ("conv(16, kernel=1) -> max_pool(2) -> unit(16)", 1),
        ("unit(16)", 0),  # what the network is given is not its own
        ("unit(16) -> unit(16)", 0),  # both are one class
        ("relu -> unit(16)", 0),
        ("a = conv(16, kernel=1) -> unit(16) -> concat { | identity | a }", 0),  # read after the block
        ("a = conv(16, kernel=1) -> unit(16) -> add { | conv(16, kernel=1) | a }", 0),  # a block might keep it
        ("a = conv(16, kernel=1) -> add { | a | conv(16, kernel=1) } -> concat { | identity | a }", 0),
        ("a = conv(16, kernel=1) -> concat { | add { | a | conv(16, kernel=3, padding=1) } | conv(4, kernel=1) }", 0),
        ("conv(16, kernel=1) -> again(16)", 1),  # `a` is read once more; within it, what unit was given is spent
        ("conv(16, kernel=1) -> add { | conv(16, kernel=1) | flatten -> linear(576) -> reshape((16, 6, 6)) }", 0),
    ],
)
def test_what_is_still_read_is_not_overwritten(chain: str, count: int) -> None:
    net = network(chain)
    assert overwriting(net) == count
    assert_the_same(net)


def test_features_keep_what_they_give() -> None:
    net = network("stem = conv(16, kernel=1)\n one = unit(16)\n two = unit(16)")
    torch.manual_seed(0)
    plain = net.torch().eval()
    x = torch.randn(2, 16, 6, 6)
    with torch.no_grad():
        wanted = net.torch(outputs=["stem", "one", "two"], state=plain.state_dict()).eval()(x)
        found = net.torch(outputs=["stem", "one", "two"], optimize="inference", state=plain.state_dict())(x)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


STEPS = [
    "conv(16, kernel=1)",
    "conv(16, kernel=3, padding=1) -> relu",
    "unit(16)",
    "twice(16)",
    "again(16)",
    "squeezed(16)",
    "pooled(16)",
    "relu",
    "identity",
    "dropout",
]
ON_A_VALUE = [
    "{} -> unit(16)",
    "add {{ | {} | conv(16, kernel=1) }}",
    "add {{ | conv(16, kernel=3, padding=1) | {} }} -> relu",
    "concat {{ | identity | {} }} -> conv(16, kernel=1)",
    "concat {{ | add {{ | {} | conv(16, kernel=1) }} | {} -> conv(4, kernel=1) }} -> conv(16, kernel=1)",
]


@st.composite
def chains(draw: st.DrawFn) -> str:
    stages = [f"v0 = {draw(st.sampled_from(STEPS[:3]))}"]
    for index in range(1, draw(st.integers(2, 6))):
        step = draw(st.sampled_from(STEPS + ON_A_VALUE))
        stages.append(f"v{index} = {{ {step.format(*2 * [f'v{draw(st.integers(0, index - 1))}'])} }}")
    return "\n".join(stages)


@settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, max_examples=80)
@given(chains())
def test_random_networks_compute_the_same(chain: str) -> None:
    assert_the_same(network(chain))
