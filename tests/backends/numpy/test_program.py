"""NumPy programs: whole networks, forward and back, and their weights."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from support.numpy_graphs import NETWORKS, Body, N, inputs_of, lenet, residual, shared, trained, twins
from support.numpy_toys import RULES_TO_COME, centered, halved
from torch import nn

from archdsl.analyses.state import state
from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback
from archdsl.backends.numpy.program import Program
from archdsl.backends.numpy.rules import RULES, call
from archdsl.graph.nodes import Graph
from archdsl.ops.activation import Relu
from archdsl.ops.linear import Linear
from archdsl.sizes.shape import Shape

torch.set_num_threads(1)


@pytest.fixture
def more_ops(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, rule in RULES_TO_COME.items():
        monkeypatch.setitem(RULES, kind, rule)


@pytest.mark.parametrize("network", NETWORKS)
def test_gradients_have_the_names_of_parameters_and_inputs(network: Callable[[], Graph]) -> None:
    program = Program(network())
    xs = inputs_of(program)
    _, gradients = trained(program, xs)
    wanted = {**program.parameters(), **xs}
    assert list(gradients) == list(wanted)
    assert all(gradients[name].shape == wanted[name].shape for name in wanted)
    assert all(gradient.dtype == np.float32 for gradient in gradients.values())


@pytest.mark.parametrize("network", NETWORKS)
def test_the_state_is_that_of_the_graph(network: Callable[[], Graph]) -> None:
    graph = network()
    arrays = Program(graph).state_dict()
    assert [(name, array.shape) for name, array in arrays.items()] == [(t.name, t.param.shape) for t in state(graph)]


@pytest.mark.parametrize("network", NETWORKS)
def test_gradients_are_slopes(network: Callable[[], Graph]) -> None:
    program = Program(network()).astype(np.float64)
    xs = inputs_of(program)
    rng = np.random.default_rng(2)

    def loss() -> float:
        program.rng = np.random.default_rng(3)
        y = program(**xs, train=True)
        outs = y if isinstance(y, tuple) else (y,)
        return sum(float((np.cos(np.arange(out.size)) * out.ravel()).sum()) for out in outs)

    program.rng = np.random.default_rng(3)
    _, gradients = trained(program, xs)
    arrays = {**program.parameters(), **xs}
    for name, array in arrays.items():
        way = rng.normal(size=array.shape)
        ends = []
        for step in (1e-6, -2e-6):
            array += step * way
            ends.append(loss())
        array += 1e-6 * way
        assert (gradients[name] * way).sum() == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-6), name


def test_lenet_is_torchs() -> None:
    program = Program(lenet())
    conv1, conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
    features = [conv1, nn.Sigmoid(), nn.AvgPool2d(2), conv2, nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten()]
    classifier = [nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10)]
    reference = nn.Sequential(*features, *classifier)
    program.load_state_dict(reference.state_dict())
    x = np.random.default_rng(0).normal(size=(3, 1, 28, 28)).astype(np.float32)
    image = torch.tensor(x, requires_grad=True)
    wanted = reference(image)
    wanted.sum().backward()
    y = program(x, train=True)
    gradients = program.backward(np.ones_like(y))
    np.testing.assert_allclose(y, wanted.detach().numpy(), rtol=1e-5, atol=1e-6)
    for name, tensor in [*reference.named_parameters(), ("image", image)]:
        np.testing.assert_allclose(gradients[name], tensor.grad, rtol=1e-4, atol=1e-5)


def test_plain_descent_learns() -> None:
    body = Body(x=Shape((N, 2)))
    program = Program(body.close("network", "Line", body.apply(Linear(1), body.inputs[0], key="fit")))
    x = np.random.default_rng(0).normal(size=(64, 2))
    wanted = x @ [[2.0], [-3.0]] + 1
    for _ in range(200):
        gradients = program.backward(program(x, train=True) - wanted)
        for name, array in program.parameters().items():
            array -= 0.01 * gradients[name]
    np.testing.assert_allclose(program.state_dict()["fit.weight"], [[2, -3]], atol=1e-3)


def test_shared_layers_have_one_set_of_weights_and_add_their_gradients() -> None:
    program = Program(shared())
    assert [*program.state_dict()] == [
        *("mix.weight", "mix.bias", "tower.conv1.weight", "tower.conv2.weight", "tower.conv2.bias")
    ]


def test_several_outputs_are_a_named_tuple() -> None:
    program = Program(twins())
    y = program(**inputs_of(program))
    assert y._fields == ("class_", "score")
    np.testing.assert_array_equal(y.class_, y[0])
    _, gradients = trained(program, inputs_of(program))
    assert not gradients["unused.weight"].any()


def test_first_values_depend_on_the_seed_alone() -> None:
    one, same, other = Program(lenet(), seed=5), Program(lenet(), seed=5), Program(lenet(), seed=6)
    weights = [program.state_dict()["0.weight"] for program in (one, same, other)]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert (weights[0] != weights[2]).any()
    assert 0.18 < np.abs(weights[0]).max() <= 0.2
    np.testing.assert_array_equal(weights[0], Program(lenet(), 5, np.float64).state_dict()["0.weight"].astype("f4"))


def test_dropout_acts_in_training_alone() -> None:
    program = Program(residual())
    xs = inputs_of(program)
    np.testing.assert_array_equal(program(**xs), program(**xs))
    assert (program(**xs, train=True) != program(**xs, train=True)).any()


def test_astype_is_a_copy() -> None:
    program = Program(lenet())
    twin = program.astype(np.float64)
    x = np.ones((1, 1, 28, 28))
    assert (program(x).dtype, twin(x).dtype) == (np.float32, np.float64)
    twin.parameters()["0.weight"][...] = 0
    assert program.parameters()["0.weight"].all()


@pytest.mark.parametrize(
    ("xs", "message"),
    [
        ({"left": (3, 6), "right": (3, 5)}, r"right takes \[N, 4\], and gets \[3, 5\]"),
        ({"left": (3, 6), "right": (4,)}, r"right takes \[N, 4\], and gets \[4\]"),
        ({"left": (3, 6), "right": (2, 4)}, r"right takes \[N, 4\], and gets \[2, 4\]: N is 3 in left"),
    ],
)
def test_inputs_must_fit(xs: dict[str, tuple[int, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Program(twins())(**{name: np.zeros(shape) for name, shape in xs.items()})


def test_each_input_is_given_once() -> None:
    program, x = Program(twins()), np.zeros((1, 6))
    for args, named in [((x,), {}), ((x, x, x), {}), ((x,), {"left": x}), ((x,), {"other": x})]:
        with pytest.raises(TypeError, match="takes each of these once: left, right"):
            program(*args, **named)


def test_backward_needs_a_training_pass_and_uses_it_up() -> None:
    program, x = Program(lenet()), np.zeros((1, 1, 28, 28))
    program(x)
    with pytest.raises(RuntimeError, match="train=True"):
        program.backward(np.zeros((1, 10)))
    program(x, train=True)
    with pytest.raises(ValueError, match=r"out is \[1, 10\], and its gradient \[10\]"):
        program.backward(np.zeros(10))


def test_state_dicts_must_fit() -> None:
    program = Program(lenet())
    before = program.state_dict()
    arrays = {name: array + 1 for name, array in before.items()}
    del arrays["0.bias"]
    arrays |= {"fc.weight": np.zeros(3), "11.weight": np.zeros((1000, 84))}
    with pytest.raises(ValueError) as error:
        program.load_state_dict(arrays)
    assert str(error.value) == (
        "the arrays don't fit the network: missing: 0.bias; unexpected: fc.weight; "
        "of the wrong shape: 11.weight is [1000, 84], not [10, 84]"
    )
    assert all((program.state_dict()[name] == array).all() for name, array in before.items())


def test_inference_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[weakref.ref[Any]] = []

    def watched(x: Array) -> tuple[Array, Pullback]:
        def pullback(dy: Array) -> tuple[Array, Gradients]:
            return dy + 0 * x, {}

        seen.append(weakref.ref(pullback))
        return x + 1, pullback

    monkeypatch.setitem(RULES, Relu, lambda op: call(watched))
    body = Body(x=Shape((N, 2)))
    program = Program(body.close("network", "t", body.chain(body.inputs[0], Relu(), Relu())))
    program(np.zeros((1, 2)))
    gc.collect()
    assert {ref() for ref in seen} == {None}
    before = len(seen)
    program(np.zeros((1, 2)), train=True)
    assert [bool(ref()) for ref in seen[before:]] == [True, True]
    program.backward(np.zeros((1, 2)))
    gc.collect()
    assert {ref() for ref in seen} == {None}


@pytest.mark.usefixtures("more_ops")
def test_buffers_change_in_training_and_are_saved() -> None:
    program = Program(centered())
    assert [*program.parameters()] == ["norm.scale.weight"]
    x = np.arange(8.0).reshape(2, 4)
    for _ in range(2):
        program(x)
        _, gradients = trained(program, {"x": x})
    assert [*gradients] == ["norm.scale.weight", "x"]
    saved = program.state_dict()
    assert (saved["norm.batches"], saved["norm.batches"].dtype) == (2, np.int64)
    np.testing.assert_allclose(saved["norm.running_mean"], 0.19 * x.mean(0), rtol=1e-6)
    twin = Program(centered())
    twin.load_state_dict(saved)
    np.testing.assert_array_equal(twin(x), program(x))


@pytest.mark.usefixtures("more_ops")
def test_nodes_of_several_results() -> None:
    program = Program(halved())
    x = np.arange(8.0).reshape(2, 4)
    np.testing.assert_array_equal(program(x), x[:, :2] + 2 * x[:, 2:])
    program(x, train=True)
    np.testing.assert_array_equal(program.backward(np.ones((2, 2)))["x"], [[1, 1, 2, 2]] * 2)


def test_whole_numbers_are_inputs_without_gradient() -> None:
    body = Body(x=Shape((N, 2)), tokens=Shape((N,), "int"))
    program = Program(body.close("network", "t", body.chain(body.inputs[0], Relu())))
    program([[1, 2]], [0], train=True)
    assert [*program.backward([[1, 1]])] == ["x"]
    with pytest.raises(ValueError, match="tokens takes whole numbers, and gets float64"):
        program([[1, 2]], [0.5])
