"""Layers that some instances of a block do without: one class says when they are there, and computes the same."""

from __future__ import annotations

import io

import numpy as np
import pytest

import archdsl

torch = pytest.importorskip("torch")

from support.backends_agree import agree  # noqa: E402

BY_WIDTH = """
block residual(channels, stride=1) {
    add {
        | conv(channels, kernel=3, stride=stride, padding=1) -> relu -> last = conv(channels, kernel=3, padding=1)
        | if stride != 1 or in.channels != channels {
              shortcut = { conv(channels, kernel=1, stride=stride) -> batch_norm }
          }
    }
    relu
}
network Net { input x: [N, 4, 16, 16]
    residual(4) -> residual(8, stride=2) -> residual(8) -> residual(16) -> residual(16) }
"""
BY_STRIDE = """
block pooled(channels, stride=1) {
    add {
        | body = conv(channels, kernel=3, padding=1, stride=stride)
        | if stride > 1 { shrink = avg_pool(stride) }
    }
}
network Net { input x: [N, 8, 32, 32]
    pooled(8, stride=2) -> pooled(8) -> pooled(8, stride=4) }
"""
BY_FLAG = """
block layer(channels, normed=false) {
    body = conv(channels, kernel=3, padding=1)
    if normed { norm = batch_norm(eps=0.001) }
    relu
}
network Net { input x: [N, 3, 8, 8]
    layer(8) -> layer(8, normed=true) -> layer(4) -> layer(4, normed=true) }
"""
BY_PLACE = """
block layer(width) {
    body = conv(4, kernel=1)
    if width == 4 or width == 6 { extra = conv(4, kernel=3, padding=1, bias=false) }
    tail = conv(width, kernel=1)
}
network Net { input x: [N, 3, 8, 8]
    layer(4) -> layer(5) -> layer(6) -> layer(7) }
"""
ONE_ALONE = """
block residual(channels) {
    add {
        | body = conv(channels, kernel=3, padding=1)
        | if in.channels != channels { project = conv(channels, kernel=1) }
    }
}
network Net { input x: [N, 3, 8, 8]
    residual(4) -> residual(4) -> residual(4) }
"""
SEVERAL = """
block layer(channels, front=false, back=false) {
    if front { before = conv(in.channels, kernel=3, padding=1) }
    body = conv(channels, kernel=1)
    if back { after = { conv(channels, kernel=3, padding=1) -> relu } }
}
network Net { input x: [N, 3, 8, 8]
    layer(4, front=true, back=true) -> layer(4, front=true) -> layer(8) -> layer(6, back=true) }
"""
COUNTED = """
block layer(channels, normed=false) {
    if normed { norm = batch_norm }
    conv(channels, kernel=1)
}
network Net { input x: [N, 3, 8, 8]
    layer(4) -> layer(4, normed=true) -> layer(8) }
"""
SPECS = {
    "by width": (BY_WIDTH, ["Residual"], "if in_channels != channels:"),
    "by stride": (BY_STRIDE, ["Pooled"], "if stride != 1:"),
    "by a flag": (BY_FLAG, ["Layer"], "if normed:"),
    "by nothing that is known": (BY_PLACE, ["Layer"], "if extra:"),
    "in one instance alone": (ONE_ALONE, ["Residual"], "if in_channels != channels:"),
    "two layers": (SEVERAL, ["Layer"], "if back:"),
    "before a numbered layer": (COUNTED, ["Layer", "LayerNorm"], None),
}


@pytest.mark.parametrize("name", SPECS)
def test_one_class_is_with_and_without(name: str) -> None:
    spec, classes, condition = SPECS[name]
    net = archdsl.loads(spec)
    source = net.torch_source()
    assert [line.split("(")[0][6:] for line in source.splitlines() if line.startswith("class ")][:-1] == classes
    assert condition is None or condition in source
    agree(net, {"x": np.random.default_rng(0).normal(size=(2, *list(net.inputs["x"].dims)[1:]))}, np.float64)


@pytest.mark.parametrize("name", SPECS)
def test_the_state_is_that_of_the_spec(name: str) -> None:
    net = archdsl.loads(SPECS[name][0])
    module = net.torch()
    assert [(key, tuple(tensor.shape)) for key, tensor in module.state_dict().items()] == net.state()
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    net.torch().load_state_dict(torch.load(file))


def test_numbers_of_an_optional_layer_follow_from_the_block() -> None:
    source = archdsl.loads(BY_WIDTH).torch_source()
    assert "nn.Conv2d(in_channels, channels, kernel_size=1, stride=stride)" in source
    assert source.count("Residual(8, 8)") == source.count("Residual(16, 16)") == 1


def test_what_is_trained_runs_optimized() -> None:
    net = archdsl.loads(BY_WIDTH)
    trained = net.torch().eval()
    fast = net.torch(optimize="inference", state=trained.state_dict())
    x = torch.rand(2, 4, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(fast(x), trained(x), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(torch.compile(trained, backend="eager", fullgraph=True)(x), trained(x))
        torch.testing.assert_close(torch.fx.symbolic_trace(trained)(x), trained(x))
        torch.testing.assert_close(torch.jit.script(trained)(x), trained(x))
