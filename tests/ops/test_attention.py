"""Attention and embeddings: kernels, whole networks on both backends, and weights of torch's own modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support.backends_agree import agree
from support.kernels import TOLERANCE, agrees, close, differentiates, normal
from support.texts import ENCODER
from torch import nn
from torch.nn import functional as F

import archdsl
from archdsl.backends.numpy import kernels
from archdsl.ops import OPS
from archdsl.ops.attention import Attention
from archdsl.sizes.dim import symbol
from archdsl.sizes.shape import Shape

torch.set_num_threads(1)


def arrays_of(bias: bool) -> list[np.ndarray]:
    arrays = [normal("x", 2, 5, 12), normal("inside", 36, 12) / 3, normal("outside", 12, 12) / 3]
    return arrays + [normal("b", 36), normal("c", 12)] * bias


def in_torch(heads: int, causal: bool) -> Any:
    def reference(x: Any, inside: Any, outside: Any, inner: Any = None, outer: Any = None) -> Any:
        q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in F.linear(x, inside, inner).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return F.linear(y.transpose(1, 2).flatten(2), outside, outer)

    return reference


@pytest.mark.parametrize("heads", [1, 3, 12])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("causal", [True, False])
def test_attention(heads: int, bias: bool, causal: bool) -> None:
    agrees(kernels.attention, in_torch(heads, causal), arrays_of(bias), heads=heads, causal=causal)
    differentiates(kernels.attention, arrays_of(bias), heads=heads, causal=causal)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_attention_is_torchs_module(bias: bool, causal: bool, dtype: Any) -> None:
    module = nn.MultiheadAttention(12, 3, bias=bias, batch_first=True, dtype=getattr(torch, np.dtype(dtype).name))
    x = torch.tensor(normal("x", 2, 5, 12).astype(dtype), requires_grad=True)
    mask = torch.ones(5, 5, dtype=torch.bool).triu(1) if causal else None
    y = module(x, x, x, need_weights=False, attn_mask=mask)[0]
    dy = normal("dy", 2, 5, 12).astype(dtype)
    y.backward(torch.tensor(dy))
    weights = {name.replace(".", "_"): p.detach().numpy() for name, p in module.named_parameters()}
    mine, pullback = kernels.attention(x.detach().numpy(), **weights, heads=3, causal=causal)
    close(mine, y.detach().numpy(), TOLERANCE[dtype])
    dx, gradients = pullback(dy)
    close(dx, x.grad.numpy(), TOLERANCE[dtype])
    assert gradients.keys() == weights.keys()
    for name, p in module.named_parameters():
        close(gradients[name.replace(".", "_")], p.grad.numpy(), TOLERANCE[dtype])


def test_attention_of_no_sequences() -> None:
    y, pullback = kernels.attention(np.zeros((0, 5, 12)), *arrays_of(True)[1:], heads=3)
    assert y.shape == (0, 5, 12)
    assert not pullback(y)[1]["in_proj_weight"].any()


def test_dropout_of_weights() -> None:
    """With the same draw, the slope between two points; half of the weights are dropped, and all of them at last."""
    arrays = arrays_of(True)
    seen = []

    def fixed(*arrays: np.ndarray, **options: Any) -> Any:
        rng = np.random.default_rng(1)
        y, pullback = kernels.attention(*arrays, heads=3, train=True, rng=rng, **options)
        seen.append(y)
        return y, pullback

    differentiates(fixed, arrays, p=0.5)
    assert (seen[0] != kernels.attention(*arrays, heads=3)[0]).any()
    np.testing.assert_array_equal(fixed(*arrays, p=0.0)[0], kernels.attention(*arrays, heads=3)[0])
    np.testing.assert_array_equal(fixed(*arrays, p=1.0)[0], np.broadcast_to(arrays[4], (2, 5, 12)))


def test_dropout_is_torchs_on_average() -> None:
    module = nn.MultiheadAttention(4, 2, dropout=0.3, batch_first=True)
    x = normal("x", 1, 3, 4).astype(np.float32)
    weights = {name.replace(".", "_"): p.detach().numpy() for name, p in module.named_parameters()}
    rng = np.random.default_rng(0)
    many = np.repeat(x, 20000, 0)
    mine = kernels.attention(many, **weights, heads=2, p=0.3, train=True, rng=rng)[0]
    torch.manual_seed(0)
    given = torch.tensor(many)
    theirs = module(given, given, given, need_weights=False)[0].detach().numpy()
    np.testing.assert_allclose(mine.mean(0), theirs.mean(0), atol=0.02)
    np.testing.assert_allclose(mine.std(0), theirs.std(0), atol=0.02)


def test_cost_counts_projections_and_both_products() -> None:
    n, t = symbol("N"), symbol("T")
    assert Attention(8).macs(Shape((n, t, 512))) == n * t * 512 * 4 * 512 + 2 * n * t * t * 512
    assert Attention(8).macs(Shape((2, 10, 512))) == 2 * (10 * 4 * 512**2 + 2 * 10**2 * 512)


def test_first_values_are_torchs() -> None:
    net = archdsl.loads("network t { input x: [N, 7, 64]\n a = attention(4) }")
    own, theirs = net.numpy().state_dict(), nn.MultiheadAttention(64, 4).state_dict()
    assert [(f"a.{name}", tuple(tensor.shape)) for name, tensor in theirs.items()] == net.state()
    for name, tensor in theirs.items():
        assert np.abs(own[f"a.{name}"]).max() == pytest.approx(tensor.abs().max().item(), rel=0.02, abs=1e-12)
    assert "initialized" not in net.torch_source()


def test_first_values_as_the_spec_says() -> None:
    net = archdsl.loads("network t { input x: [N, 7, 64]\n a = attention(4, init=normal(0.001)) }")
    module = net.torch().a
    assert '**{"out_proj.weight": partial(nn.init.normal_, std=0.001)}' in net.torch_source()
    assert 0.0005 < module.in_proj_weight.std() < 0.002
    assert 0.0005 < module.out_proj.weight.std() < 0.002
    assert 0.0005 < net.numpy().state_dict()["a.out_proj.weight"].std() < 0.002


def test_state_of_torchs_attention_loads_unchanged() -> None:
    source = nn.ModuleDict({"attn": nn.MultiheadAttention(12, 3, batch_first=True)})
    net = archdsl.loads("network t { input x: [N, T, 12]\n attn = attention(3) }")
    module, program = net.torch(), net.numpy()
    module.load_state_dict(source.state_dict())
    program.load_state_dict(source.state_dict())
    x = torch.randn(2, 5, 12)
    wanted = source["attn"](x, x, x)[0]
    torch.testing.assert_close(module(x), wanted, rtol=1e-5, atol=1e-6)
    close(program(x.numpy()), wanted.detach().numpy(), 1e-5)


ENCODER_LAYER = """
network Layer {
    input x: [N, T, 12]
    add { | identity | norm1 = layer_norm -> self_attn = attention(3) }
    add { | identity | norm2 = layer_norm -> linear1 = linear(24) -> relu -> linear2 = linear(12) }
}
"""


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_state_of_torchs_encoder_layer_loads_unchanged(dtype: Any) -> None:
    layer = nn.TransformerEncoderLayer(12, 3, 24, dropout=0.0, batch_first=True, norm_first=True)
    layer = layer.to(getattr(torch, np.dtype(dtype).name))
    net = archdsl.loads(ENCODER_LAYER)
    program, module = net.numpy().astype(dtype), net.torch().to(next(layer.parameters()).dtype)
    program.load_state_dict(layer.state_dict())
    module.load_state_dict(layer.state_dict())
    x = torch.tensor(normal("x", 2, 5, 12).astype(dtype), requires_grad=True)
    wanted = layer(x)
    torch.testing.assert_close(module(x), wanted, rtol=1e-5, atol=1e-6)
    close(program(x.detach().numpy(), train=True), wanted.detach().numpy(), TOLERANCE[dtype])
    dy = normal("dy", 2, 5, 12).astype(dtype)
    wanted.backward(torch.tensor(dy))
    gradients = program.backward(dy)
    for name, tensor in [*layer.named_parameters(), ("x", x)]:
        assert tensor.grad is not None
        close(gradients[name], tensor.grad.numpy(), 10 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_encoders_agree(dtype: Any) -> None:
    tokens = np.random.default_rng(0).integers(0, 11, (3, 7))
    agree(archdsl.loads(ENCODER), {"tokens": tokens}, dtype)


def test_a_causal_network_cannot_look_ahead() -> None:
    net = archdsl.loads("network t { input x: [N, T, 8]\n attention(2, causal=true) -> attention(4, causal=true) }")
    x = np.random.default_rng(0).normal(size=(1, 6, 8))
    changed = x.copy()
    changed[:, 4:] += 1
    program, module = net.numpy(), net.torch().eval()
    for run in (program, lambda x: module(torch.tensor(x, dtype=torch.float32)).detach().numpy()):
        before, after = run(x), run(changed)
        np.testing.assert_allclose(before[:, :4], after[:, :4], atol=1e-6)
        assert (np.abs(before[:, 4:] - after[:, 4:]) > 1e-4).any()


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 0), (2, 3, 2)])
def test_embedding(shape: tuple[int, ...]) -> None:
    tokens = np.random.default_rng(0).integers(0, 5, shape)
    agrees(
        lambda weight: without_dx(*kernels.embedding(tokens, weight)),
        lambda weight: F.embedding(torch.tensor(tokens), weight),
        [normal("weight", 5, 3)],
    )


def without_dx(y: np.ndarray, pullback: Any) -> Any:
    """The kernel as a function of its weight alone."""
    return y, lambda dy: ((), pullback(dy)[1])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_whole_numbers_of_any_size(dtype: Any) -> None:
    net = archdsl.loads("network t { input tokens: int [N, T]\n embedding(5, 2) }")
    tokens = np.array([[0, 4, 2]], dtype)
    program = net.numpy()
    np.testing.assert_array_equal(program(tokens)[0], program.state_dict()["0.weight"][[0, 4, 2]])
    assert [*program.backward(program(tokens, train=True))] == ["0.weight"]


@pytest.mark.parametrize(("token", "shown"), [(5, "5"), (-1, "-1")])
def test_numbers_out_of_range_are_refused(token: int, shown: str) -> None:
    program = archdsl.loads("network t { input tokens: int [N, T]\n embedding(5, 2) }").numpy()
    with pytest.raises(IndexError, match=f"embedding has vectors for 0 to 4, and gets {shown}"):
        program([[0, token]])
    with pytest.raises(ValueError, match="tokens takes whole numbers, and gets float64"):
        program([[0.0, 1.0]])


def test_views_of_whole_numbers_are_whole_numbers() -> None:
    net = archdsl.loads("network t { input tokens: int [N, 2, 3]\n flatten -> identity -> embedding(5, 2) }")
    tokens = np.random.default_rng(0).integers(0, 5, (4, 2, 3))
    agree(net, {"tokens": tokens}, np.float32)


REAL = [name for name, op in OPS.items() if op.takes == "float" and op.arity == 1 and not op.is_view]


@pytest.mark.parametrize("op", REAL)
def test_ops_on_real_numbers_refuse_whole_ones(op: str) -> None:
    report = archdsl.check(f"network t {{ input tokens: int [2, 3]\n {op} }}")
    assert [problem.code for problem in report.problems] == ["wrong-kind"]
