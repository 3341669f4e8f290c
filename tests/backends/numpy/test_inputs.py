"""NumPy programs refuse sizes that the network does not accept, in the words in which the checker tells them."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import archdsl

STATED = "network Net { input wave: [N, 1, L] where L >= 40, L % 4 == 0\n conv(2, kernel=3, stride=2) }"
NEEDED = "network Net { input image: [N, 3, H, W]\n conv(4, kernel=5) -> relu -> max_pool(2) }"
SKIP = """
network Net {
    input image: [N, 1, H, W] where H % 2 == 0, W % 2 == 0
    concat { | max_pool(2) -> upsample(2) | identity }
}"""
TIED = """
network Net {
    input left: [N, 2, H, W] where H < W, H * W <= 400
    input right: [N, 2, 2 * H, (W + 1) // 2]
    add { | left -> global_avg_pool | right -> global_avg_pool }
}"""

TAKES = {
    STATED: "wave [N, 1, L] with L >= 40, L % 4 == 0",
    NEEDED: "image [N, 3, H, W] with H >= 6, W >= 6",
    SKIP: "image [N, 1, H, W] with H >= 2, W >= 2, H % 2 == 0, W % 2 == 0",
    TIED: "left [N, 2, H, W], right [N, 2, 2 * H, ceil(W / 2)] with axis 2 of right == 2 * H, "
    "axis 3 of right == ceil(W / 2), H < W, H * W <= 400",
}
WRONG = [
    (STATED, [(2, 1, 36)]),
    (STATED, [(2, 1, 42)]),
    (NEEDED, [(2, 3, 5, 9)]),
    (SKIP, [(2, 1, 4, 5)]),
    (TIED, [(1, 2, 3, 5), (1, 2, 5, 3)]),
    (TIED, [(1, 2, 3, 5), (1, 2, 6, 2)]),
    (TIED, [(1, 2, 5, 5), (1, 2, 10, 3)]),
    (TIED, [(1, 2, 3, 200), (1, 2, 6, 100)]),
]
RIGHT = [
    (STATED, [(2, 1, 40)]),
    (NEEDED, [(1, 3, 6, 7)]),
    (SKIP, [(2, 1, 4, 6)]),
    (TIED, [(1, 2, 3, 5), (1, 2, 6, 3)]),
]


def programs(spec: str) -> list[Any]:
    """The network as a program, and as the two files that it is written as."""
    net = archdsl.loads(spec)
    made: list[Any] = [net.numpy(), net.numpy().astype(np.float64)]
    for train in (False, True):
        module = ModuleType("emitted")
        sys.modules["emitted"] = module
        exec(net.numpy_source(train=train), module.__dict__)
        made.append(module.__dict__["Net"]())
    return made


def zeros(sizes: list[tuple[int, ...]]) -> list[Any]:
    return [np.zeros(shape) for shape in sizes]


@pytest.mark.parametrize(("spec", "sizes"), WRONG)
def test_wrong_sizes_are_told_what_is_taken(spec: str, sizes: list[tuple[int, ...]]) -> None:
    names = [part.split(" ")[0] for part in TAKES[spec].partition(" with ")[0].split("], ")]
    got = ", ".join(f"{name} {list(shape)}" for name, shape in zip(names, sizes, strict=True))
    for program in programs(spec):
        with pytest.raises(ValueError) as caught:
            program(*zeros(sizes))
        assert str(caught.value) == f"the network takes {TAKES[spec]}; got {got}"


@pytest.mark.parametrize(("spec", "sizes"), RIGHT)
def test_sizes_at_the_edge_pass(spec: str, sizes: list[tuple[int, ...]]) -> None:
    first, *others = [program(*zeros(sizes)) for program in programs(spec)]
    assert all(other.shape == first.shape for other in others)


def test_an_empty_batch_is_a_batch() -> None:
    assert archdsl.loads(NEEDED).numpy()(np.zeros((0, 3, 8, 8))).shape == (0, 4, 2, 2)
