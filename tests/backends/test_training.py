"""Losses and rules of descent are those of torch, and emitted files carry them where they are asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from support.places import ROOT
from torch.nn import functional

import archdsl
from archdsl.cli import main
from archdsl.training import SGD, Adam, cross_entropy, mean_squared_error

LENET = ROOT / "specs" / "lenet.arch"
TINY = """\
network Tiny {
    input x: [N, 1, 6, 6]
    conv(3, kernel=3, bias=false) -> batch_norm -> relu -> flatten
    dropout(0.5) -> linear(4)
}
"""


@pytest.mark.parametrize("shape", [(7, 5), (3, 4, 2, 6), (1, 2)])
def test_cross_entropy_is_torchs(shape):
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(0, 30, shape), rng.integers(0, shape[1], (shape[0], *shape[2:]))
    theirs = torch.tensor(logits, requires_grad=True)
    wanted = functional.cross_entropy(theirs, torch.tensor(labels))
    wanted.backward()
    loss, slope = cross_entropy(logits, labels)
    assert loss == pytest.approx(wanted.item(), rel=1e-12)
    np.testing.assert_allclose(slope, theirs.grad.numpy(), rtol=1e-10, atol=1e-14)


def test_mean_squared_error_is_torchs():
    rng = np.random.default_rng(2)
    y, truth = rng.normal(size=(4, 3, 2)), rng.normal(size=(4, 3, 2))
    theirs = torch.tensor(y, requires_grad=True)
    wanted = functional.mse_loss(theirs, torch.tensor(truth))
    wanted.backward()
    loss, slope = mean_squared_error(y, truth)
    assert loss == pytest.approx(wanted.item(), rel=1e-12)
    np.testing.assert_allclose(slope, theirs.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    ("loss", "given"),
    [
        (cross_entropy, (np.zeros((2, 3)), np.zeros((2, 1), int))),
        (cross_entropy, (np.zeros((2, 3)), np.zeros(2))),
        (cross_entropy, (np.zeros((2, 3)), np.array([0, 3]))),
        (cross_entropy, (np.zeros((2, 3)), np.array([-1, 0]))),
        (mean_squared_error, (np.zeros((2, 3)), np.zeros((2, 1)))),
    ],
)
def test_what_does_not_fit_a_loss_is_refused(loss, given):
    with pytest.raises(ValueError, match="and "):
        loss(*given)


RULES = {
    "plain": (lambda w: SGD(w, 0.1), lambda p: torch.optim.SGD(p, 0.1)),
    "momentum": (lambda w: SGD(w, 0.1, momentum=0.9), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
    "decay": (
        lambda w: SGD(w, 0.1, momentum=0.5, decay=0.01),
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.5, weight_decay=0.01),
    ),
    "adam": (lambda w: Adam(w, 0.01), lambda p: torch.optim.Adam(p, 0.01)),
    "adam, all its own": (
        lambda w: Adam(w, 0.02, betas=(0.8, 0.95), eps=1e-4, decay=0.1),
        lambda p: torch.optim.Adam(p, 0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1),
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_weights_move_as_torch_moves_them(rule):
    ours, theirs = RULES[rule]
    rng = np.random.default_rng(3)
    weights = {"a": rng.normal(size=(3, 4)), "b": rng.normal(size=5)}
    parameters = {name: torch.nn.Parameter(torch.tensor(weight)) for name, weight in weights.items()}
    ours, theirs = ours(weights), theirs(parameters.values())
    for _ in range(6):
        gradients = {name: rng.normal(size=weight.shape) for name, weight in weights.items()}
        for name, parameter in parameters.items():
            parameter.grad = torch.tensor(gradients[name])
        ours.step({**gradients, "x": np.zeros(3)})
        theirs.step()
        for name, parameter in parameters.items():
            np.testing.assert_allclose(weights[name], parameter.detach().numpy(), rtol=1e-12, atol=1e-13)


def trained(seed: int, steps: int = 4) -> dict[str, np.ndarray]:
    program = archdsl.loads(TINY).numpy(seed=seed)
    rng = np.random.default_rng(9)
    rule = Adam(program.parameters())
    for _ in range(steps):
        x, labels = rng.normal(size=(8, 1, 6, 6)).astype(np.float32), rng.integers(0, 4, 8)
        rule.step(program.backward(cross_entropy(program(x, train=True), labels)[1]))
    return program.state_dict()


def test_training_is_the_same_by_seed():
    first, again, other = trained(1), trained(1), trained(2)
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)
    assert any(first[name].tobytes() != other[name].tobytes() for name in first)


def emitted(tmp_path, *options: str) -> Path:
    file = tmp_path / "lenet.py"
    done = CliRunner().invoke(main, ["compile", f"{LENET}:LeNetRelu", *options, "-o", str(file)])
    assert done.exit_code == 0, done.output
    return file


def test_an_emitted_file_trains_with_numpy_alone(tmp_path):
    emitted(tmp_path, "--backend", "numpy", "--train")
    code = """
import sys
import numpy as np
from lenet import Adam, LeNetRelu, cross_entropy

rng = np.random.default_rng(0)
images, labels = rng.normal(size=(8, 1, 28, 28)).astype(np.float32), rng.integers(0, 10, 8)
net = LeNetRelu(seed=0)
descent = Adam(net.parameters(), rate=0.003)
losses = []
for _ in range(25):
    loss, dy = cross_entropy(net(images, train=True), labels)
    descent.step(net.backward(dy))
    losses.append(loss)
assert losses[-1] < 0.5 * losses[0], losses
assert not {"archdsl", "torch"} & {name.partition(".")[0] for name in sys.modules}
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)


def test_losses_and_rules_are_in_files_that_train_alone(tmp_path):
    for name in ("class SGD", "class Adam", "def cross_entropy", "def mean_squared_error"):
        assert name not in emitted(tmp_path, "--backend", "numpy").read_text(encoding="utf-8")
        assert name in emitted(tmp_path, "--backend", "numpy", "--train").read_text(encoding="utf-8")


def test_torch_needs_no_asking_to_train(tmp_path):
    done = CliRunner().invoke(main, ["compile", f"{LENET}:LeNet", "--backend", "torch", "--train"])
    assert done.exit_code == 2
    assert "PyTorch" in done.output
