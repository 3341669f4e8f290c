"""Specs with transposed convolutions, norms and pooling: torch and NumPy compute the same, whatever the mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support.op_specs import SPECS, array, spec

import archdsl
from archdsl.analyses.cost import macs
from archdsl.ops.groups import divisors

torch.set_num_threads(1)
EXACT = {"rtol": 1e-11, "atol": 1e-11}


def network(name: str) -> tuple[archdsl.Network, dict[str, np.ndarray]]:
    net = archdsl.loads(spec(name))
    return net, {given: array(name, shape.dims) for given, shape in net.inputs.items()}


@pytest.mark.parametrize("name", SPECS)
def test_training_and_evaluation_in_turns(name: str) -> None:
    """Three steps of training move the same averages by the same amounts; evaluation uses them, and leaves them."""
    net, inputs = network(name)
    module, program = net.torch().double(), net.numpy().astype(np.float64)
    program.load_state_dict(module.state_dict())
    names: dict[str, Any] = {}
    exec(compile(net.numpy_source(train=True), name, "exec"), names)
    written = names[net.name](dtype=np.float64)
    written.load_state_dict(module.state_dict())
    for step in range(3):
        x = [(1 + step) * value + step for value in inputs.values()]
        for train in (True, False):
            wanted = module.train(train)(*map(torch.tensor, x)).detach().numpy()
            for mine in (program, written):
                np.testing.assert_allclose(mine(*x, train=train), wanted, **EXACT)
    for mine in (program, written):
        assert mine.state_dict().keys() == module.state_dict().keys()
        for key, tensor in module.state_dict().items():
            assert str(tensor.dtype) == f"torch.{mine.state[key].dtype}"
            np.testing.assert_allclose(mine.state[key], tensor.numpy(), **EXACT)


@pytest.mark.parametrize("name", SPECS)
def test_names_and_shapes_are_torchs(name: str) -> None:
    net, inputs = network(name)
    module = net.torch().eval()
    assert net.state() == [(key, tuple(tensor.shape)) for key, tensor in module.state_dict().items()]
    assert net.parameters == sum(parameter.numel() for parameter in module.parameters())
    sizes = {"N": 3, "L": 9, "D": 4, "H": 7, "W": 6}
    y = module(*(torch.tensor(x.astype(np.float32)) for x in inputs.values()))
    assert tuple(y.shape) == net.outputs["out"].at(sizes).dims


@pytest.mark.parametrize("name", SPECS)
def test_torch_can_trace_export_and_script(name: str) -> None:
    net, inputs = network(name)
    module = net.torch().eval()
    x = tuple(torch.tensor(value.astype(np.float32)) for value in inputs.values())
    exported = torch.export.export(module, x).module()
    for other in (torch.fx.symbolic_trace(module), exported, torch.jit.script(module)):
        assert torch.equal(other(*x), module(*x))


def test_macs_of_a_transposed_convolution_are_those_of_the_convolution_that_it_undoes() -> None:
    up = archdsl.loads("network t { input x: [N, 8, 5, 5]\n conv_transpose(4, kernel=2, stride=2, groups=2) }")
    down = archdsl.loads("network t { input x: [N, 4, 10, 10]\n conv(8, kernel=2, stride=2, groups=2) }")
    assert str(macs(up.graph)) == str(macs(down.graph)) == "1600 * N"


def test_norms_state_what_they_need() -> None:
    text = "network t {{ input x: [N, 4, L]\n conv(4, kernel=3) -> {} }}"
    assert archdsl.loads(text.format("instance_norm")).accepts == ["N >= 1", "L >= 4"]
    assert archdsl.loads(text.format("group_norm(2)")).accepts == ["N >= 1", "L >= 3"]


def test_divisors() -> None:
    assert divisors(60) == [n for n in range(1, 61) if 60 % n == 0]
    assert [divisors(1), divisors(7)] == [[1], [1, 7]]
    assert divisors(2**80)[-1] == 2**80
