"""Networks of joins, forms, cuts, learned values and stochastic depth: what a spec says is what both backends do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.backends_agree import agree
from support.form_specs import FORM_BLOCKS
from torch import nn

import archdsl
from archdsl.analyses.cost import macs
from archdsl.backends.numpy import kernels
from archdsl.ops import OPS

torch.set_num_threads(1)

U_NET = f"""
{FORM_BLOCKS["u_net"]}
network UNet {{
    input image: [N, 1, H, W] where H % 4 == 0, W % 4 == 0
    level(2, 2) -> conv(2, kernel=1) : [N, 2, H, W]
}}
"""
WINDOWS = """
network Windows {
    input x: [N, 4, H, W] where H % 2 == 0
    reshape([4, in.height / 2, 2, in.width]) -> permute([0, 2, 4, 3, 1])
    a, b = chunk(2, axis=4)
    mul { | a | b -> gelu } -> reshape([-1, 2]) -> mean(1)
}
"""
NAMES = """
network Names {
    input x: [N, 4, H, W]
    scale(0.5) -> train = scale(2) -> class = scale(3) -> keys = scale -> _hidden = scale
    one = conv(4, kernel=1) -> conv(4, kernel=1)
}
"""


def drawn(net: archdsl.Network, **sizes: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: rng.normal(size=shape.at({"N": 3, **sizes}).dims) for name, shape in net.inputs.items()}


@pytest.mark.parametrize("sizes", [(8, 12), (4, 4)])
@pytest.mark.parametrize("spec", [U_NET, WINDOWS, NAMES], ids=["u_net", "windows", "names"])
def test_free_sizes(spec: str, sizes: tuple[int, int]) -> None:
    net = archdsl.loads(spec)
    inputs = drawn(net, H=sizes[0], W=sizes[1])
    for dtype in (np.float32, np.float64):
        agree(net, inputs, dtype)
    names: dict[str, type] = {}
    exec(net.numpy_source(), names)
    program, twin = net.numpy(seed=3), names[net.name](seed=3)
    np.testing.assert_array_equal(program(*inputs.values()), twin(*inputs.values()))


def test_a_body_may_call_its_own_values_anything() -> None:
    net = archdsl.loads(NAMES)
    state = net.torch().state_dict()
    assert list(state) == [name for name, _ in net.state()]
    assert list(state)[:5] == ["0", "train", "class", "keys", "_hidden"]
    assert [float(state[name][0]) for name in list(state)[:5]] == [0.5, 2, 3, 1, 1]
    assert isinstance(net.torch().train(), nn.Module)


def test_first_values_of_parameters() -> None:
    text = "network t { input x: [N, 4]\n a = parameter([50, 40], init=%s) }"
    for init, low, high, deviation in [
        ("zeros", 0, 0, 0.0),
        ("constant(0.25)", 0.25, 0.25, 0.0),
        ("uniform(0.1)", -0.1, 0.1, 0.0577),
        ("normal(0.02)", -0.2, 0.2, 0.02),
    ]:
        net = archdsl.loads(text % init)
        for value in (net.torch().state_dict()["a"].numpy(), net.numpy().state_dict()["a"]):
            assert value.shape == (1, 50, 40)
            assert low <= value.min() <= value.max() <= high
            assert value.std() == pytest.approx(deviation, rel=0.1, abs=1e-7)


def test_stochastic_depth_drops_whole_samples_in_training() -> None:
    net = archdsl.loads("network t { input x: [N, 3, 2]\n stochastic_depth(0.25) }")
    module = net.torch()
    x = torch.ones(4000, 3, 2)
    y = module.train()(x)
    torch.testing.assert_close(y.unique(), torch.tensor([0, 4 / 3]))
    assert torch.equal(y.amin((1, 2)), y.amax((1, 2)))
    assert float((y[:, 0, 0] > 0).float().mean()) == pytest.approx(0.75, abs=0.03)
    assert torch.equal(module.eval()(x), x)
    for copy in (torch.fx.symbolic_trace(module.train()), torch.jit.script(module)):
        assert 0.6 < float((copy(x)[:, 0, 0] > 0).float().mean()) < 0.9


def test_hardsigmoid_is_torchs() -> None:
    agree(archdsl.loads("network t { input x: [N, 3]\n linear(20) -> hardsigmoid }"), {"x": np.ones((2, 3))})


def test_accepted_sizes() -> None:
    text = "network t { input x: [N, 3, H, W]\n %s }"
    for stages, wanted in [
        ('pad((3, 0), mode="reflect")', ["N >= 1", "H >= 4", "W >= 1"]),
        ('pad((3, 0), mode="circular")', ["N >= 1", "H >= 3", "W >= 1"]),
        ("slice(3, start=2, stop=5) -> slice(2, start=1, stop=-2)", ["N >= 1", "H >= 4", "W >= 5"]),
        ("slice(3, start=-4)", ["N >= 1", "H >= 1", "W >= 4"]),
    ]:
        assert archdsl.loads(text % stages).accepts == wanted


def test_macs_of_products() -> None:
    text = "network t { input x: [N, 2, T, 8]\n matmul(transpose=%s) { | identity | %s } }"
    for transpose, other in [("true", "identity"), ("false", "permute([0, 1, 3, 2])")]:
        assert str(macs(archdsl.loads(text % (transpose, other)).graph)) == "16 * N * T * T"


def test_no_kernel_hides_a_builtin() -> None:
    """Kernels are copied into files of their own, where others count on `max` and `slice`."""
    assert not {"max", "slice", "sum", "min", "abs"} & set(kernels.__all__)
    assert {name.rstrip("_") for name in kernels.__all__} <= OPS.keys()
