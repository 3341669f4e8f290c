"""One rule for free and for fixed sizes: a size that is left free is accepted where, written out, it is accepted too.

And torch accepts it too: it computes something, and every value of it is a number.
"""

from __future__ import annotations

import re
import zlib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.kernels import moderate, tuples
from support.op_cases import SIZES, checked, examples
from support.torch_modules import reference

from archdsl import Network
from archdsl.analyses.accepted import demands
from archdsl.ops import OPS

torch.set_num_threads(1)
SOME = (1, 2, 3, 5, 8)


def freed(text: str) -> list[str]:
    """The network with each fixed size of its one input left free in turn, by the symbol S."""
    inputs = re.findall(r"^input \w+: \[N, (.*)\]$", text, re.M)
    if len(inputs) != 1:
        return []
    sizes = inputs[0].split(", ")
    others = ([*sizes[:axis], "S", *sizes[axis + 1 :]] for axis in range(len(sizes)) if sizes[axis].isdigit())
    return [text.replace(f"[N, {inputs[0]}]", f"[N, {', '.join(other)}]", 1) for other in others]


def computed(net: Network, sizes: dict[str, int]) -> bool:
    """Whether torch computes the network, each op by what it means, and leaves numbers."""
    numbers = torch.Generator().manual_seed(zlib.crc32(str(net).encode()))
    (shape,) = net.inputs.values()
    weights = {name: torch.rand(shape, generator=numbers) + 0.5 for name, shape in net.state()}
    x = torch.randn(
        tuple(size if isinstance(size, int) else sizes[str(size)] for size in shape.dims), generator=numbers
    )
    try:
        left = reference(net.graph, weights, [x])
    except (RuntimeError, ValueError):
        return False
    return all(y.numel() and y.isfinite().all() for y in left)


def one_rule(text: str) -> None:
    net = checked(text)
    if net is None:
        return
    claims = demands(net.graph)
    for size in SOME:
        sizes = {**SIZES, "S": size}
        is_free = all(claim.holds(sizes) for claim in claims)
        fixed = re.sub(r"\bS\b", str(size), text)
        assert (checked(fixed) is not None) == is_free, f"S = {size} is {'' if is_free else 'not '}accepted in {text}"
        assert not is_free or computed(net, sizes), f"torch refuses S = {size} in {text}"


@pytest.mark.parametrize("name", [name for name in OPS if not OPS[name].is_random and not OPS[name].is_pointwise])
def test_examples(name: str) -> None:
    for example in examples(name):
        for text in freed(example.spec):
            one_rule(text)


@st.composite
def windows(draw: st.DrawFn) -> str:
    """A network of one window over a sequence, an image or a volume, one of whose sizes is free."""
    axes = draw(st.integers(1, 3))
    kernel, stride, dilation = draw(tuples(axes, 1, 4)), draw(tuples(axes, 1, 3)), draw(tuples(axes, 1, 4))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    facts = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    hangs = f"ceil={draw(st.sampled_from(['true', 'false']))}"
    mode = draw(st.sampled_from(["reflect", "circular", "replicate"]))
    stages = {
        "conv(2, {kernel}, {stride}, {padding}, {dilation})",
        "conv_transpose(2, {kernel}, {stride}, {padding}, {dilation})",
        f"max_pool({{kernel}}, {{stride}}, {{padding}}, {{dilation}}, {hangs})",
        f"avg_pool({{kernel}}, {{stride}}, {{padding}}, {hangs})",
        f"lp_pool({{kernel}}, {{stride}}, {hangs})",
        f'pad({list(padding)}, after={list(dilation)}, mode="{mode}")',
    }
    stage = draw(st.sampled_from(sorted(stages)))
    stage = stage.format(**{name: f"{name}={list(sizes)}" for name, sizes in facts.items()})
    sizes = ["7"] * axes
    sizes[draw(st.integers(0, axes - 1))] = "S"
    return f"network t {{\ninput x: [N, 2, {', '.join(sizes)}]\n{stage}\n}}"


@given(windows())
@moderate
def test_windows(text: str) -> None:
    one_rule(text)


def test_a_pool_that_steps_over_its_input() -> None:
    """Window by window: a size is refused where one of them meets none of its positions."""
    for kernel, stride, dilation in [(k, s, d) for k in (1, 2, 3, 4) for s in (1, 2, 3) for d in (1, 2, 3, 5)]:
        for padding, size in [(p, n) for p in range(kernel // 2 + 1) for n in range(1, 12)]:
            span = dilation * (kernel - 1) + 1
            starts = range(-padding, size + padding - span + 1, stride)
            taps = [[start + dilation * k for k in range(kernel)] for start in starts]
            meets = bool(taps) and all(any(0 <= place < size for place in window) for window in taps)
            stage = f"max_pool({kernel}, stride={stride}, padding={padding}, dilation={dilation})"
            net = checked(f"network t {{\ninput x: [N, 2, {size}]\n{stage}\n}}")
            assert (net is not None) == meets, f"{stage} of {size} positions"
