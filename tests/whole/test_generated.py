"""Properties over generated specs: all three parts of the compiler see the same network, and nothing breaks them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.spec_strategies import damaged, network

import archdsl
from archdsl.diagnostics.render import render
from archdsl.graph.verify import verify_graph

torch = pytest.importorskip("torch")

SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@settings(SLOW, max_examples=60)
@given(network(), st.integers(0, 3))
def test_checker_torch_and_numpy_agree(text: str, seed: int) -> None:
    net = archdsl.loads(text)
    verify_graph(net.graph)
    (shape,) = net.inputs.values()
    sizes = shape.at({"N": 2}).dims
    x = np.random.default_rng(seed).standard_normal(sizes)

    program = net.numpy(seed=seed).astype(np.float64)
    module = net.torch().double().eval()
    module.load_state_dict({name: torch.from_numpy(array) for name, array in program.state_dict().items()})
    assert [(name, tuple(value.shape)) for name, value in module.state_dict().items()] == net.state()

    (inferred,) = net.outputs.values()
    y = program(x)
    expected = module(torch.from_numpy(x)).detach().numpy()
    assert y.shape == expected.shape == inferred.at({"N": 2}).dims
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9)


@settings(SLOW, max_examples=20)
@given(network(), st.integers(0, 3))
def test_gradients_agree(text: str, seed: int) -> None:
    net = archdsl.loads(text.replace("dropout(0.3)", "identity"))
    (shape,) = net.inputs.values()
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape.at({"N": 3}).dims)
    program = net.numpy(seed=seed).astype(np.float64)
    module = net.torch().double().train()
    module.load_state_dict({name: torch.from_numpy(array) for name, array in program.state_dict().items()})
    leaf = torch.from_numpy(x).requires_grad_()
    try:
        out = module(leaf)
    except ValueError as refusal:  # torch refuses batch norm over a single value in training
        assert "more than 1 value" in str(refusal)
        return
    dy = rng.standard_normal(out.shape)
    out.backward(torch.from_numpy(dy))
    program(x, train=True)
    gradients = program.backward(dy)
    for name, parameter in module.named_parameters():
        if parameter.grad is not None:
            np.testing.assert_allclose(gradients[name], parameter.grad.numpy(), rtol=1e-6, atol=1e-7)
    wanted = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad  # a learned value takes no gradient on
    np.testing.assert_allclose(gradients["x"], wanted.numpy(), rtol=1e-6, atol=1e-7)


@settings(SLOW, max_examples=300)
@given(damaged())
def test_damaged_specs_give_diagnostics(text: str) -> None:
    report = archdsl.check(text + "\n{")
    assert render(report.problems)
    archdsl.check(text if "{" in text else text + "\n")


@settings(SLOW, max_examples=200)
@given(st.text(max_size=200))
def test_rubbish_gives_diagnostics(text: str) -> None:
    report = archdsl.check(text + "\n{")
    assert not report.ok
    assert render(report.problems)
