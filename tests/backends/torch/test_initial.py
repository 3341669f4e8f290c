"""First values in torch: named as torch names them, and drawn as the op says."""

from __future__ import annotations

import pytest

import archdsl
from archdsl.analyses.state import state
from archdsl.ops.init import Constant, Normal, Uniform

torch = pytest.importorskip("torch")

WRITTEN = {
    "kaiming_normal": 'partial(nn.init.kaiming_normal_, nonlinearity="relu")',
    'kaiming_normal("fan_out")': 'partial(nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu")',
    "kaiming_uniform": 'partial(nn.init.kaiming_uniform_, nonlinearity="relu")',
    "xavier_normal": "nn.init.xavier_normal_",
    "xavier_uniform": "nn.init.xavier_uniform_",
    "xavier_uniform(0.5)": "partial(nn.init.xavier_uniform_, gain=0.5)",
    "normal": "nn.init.normal_",
    "normal(0.01)": "partial(nn.init.normal_, std=0.01)",
    "uniform(0.1)": "partial(nn.init.uniform_, a=-0.1, b=0.1)",
    "constant(0.5)": "partial(nn.init.constant_, val=0.5)",
    "zeros": "nn.init.zeros_",
    "ones": "nn.init.ones_",
}
LAYERS = [
    "conv(40, kernel=3, groups=2, init={init})",
    "conv_transpose(60, kernel=2, init={init})",
    "flatten -> linear(70, init={init})",
]


@pytest.mark.parametrize("init", WRITTEN)
@pytest.mark.parametrize("layer", LAYERS, ids=["conv", "conv_transpose", "linear"])
def test_first_values_are_named_and_drawn_as_the_op_says(init: str, layer: str) -> None:
    net = archdsl.loads(f"network Net {{ input x: [N, 20, 4, 4]\n {layer.format(init=init)} }}")
    assert f"weight={WRITTEN[init]}" in " ".join(net.torch_source().split())
    torch.manual_seed(0)
    weights = net.torch().state_dict()
    for tensor in state(net.graph):
        found, drawn = weights[tensor.name], tensor.param.init
        if isinstance(drawn, Constant):
            assert (found == drawn.value).all()
        elif isinstance(drawn, Uniform) and found.numel() > 1000:
            assert 0.97 * drawn.bound < found.abs().max() <= drawn.bound
        elif isinstance(drawn, Normal):
            assert found.std() == pytest.approx(drawn.deviation, rel=0.1)


def test_a_learned_value_goes_by_the_same_names() -> None:
    spec = "network Net { input x: [N, 40, 30]\n add { | | p = parameter([40, 30], init=xavier_normal) } }"
    net = archdsl.loads(spec)
    assert "self.p = nn.Parameter(nn.init.xavier_normal_(torch.empty(1, 40, 30)))" in net.torch_source()


def test_layers_of_other_sizes_share_a_class() -> None:
    """The numbers that an initialiser computes from the sizes are no parameters of the class."""
    spec = """
    block part(channels) { conv(channels, kernel=3, padding=1, init=kaiming_normal) -> relu }
    network Net { input x: [N, 3, 8, 8]
        part(4) -> part(8) }
    """
    text = archdsl.loads(spec).torch_source()
    assert "def __init__(self, in_channels: int, channels: int) -> None:" in text
    assert text.count("\nclass ") == 2
