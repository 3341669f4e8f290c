"""Whether the torch module and the NumPy program of a network are one function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from archdsl import Network

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}


def agree(
    net: Network,
    inputs: Mapping[str, np.ndarray],
    dtype: Any = np.float32,
    train: bool = True,
    rng: Any = None,
    tolerance: float | None = None,
) -> None:
    """With the same weights, outputs and all gradients are the same; `train` is torch's mode, `rng` draws for NumPy.

    Gradients may be ten times as far from each other as outputs.
    """
    tolerance = TOLERANCE[dtype] if tolerance is None else tolerance
    module = net.torch().to(getattr(torch, np.dtype(dtype).name)).train(train)
    program = net.numpy().astype(dtype)
    program.load_state_dict(module.state_dict())
    program.rng = rng or program.rng
    reals = {name for name, shape in net.inputs.items() if shape.kind == "float"}
    tensors = {
        name: torch.tensor(x.astype(dtype) if name in reals else x, requires_grad=name in reals)
        for name, x in inputs.items()
    }
    wanted = module(*tensors.values())
    y = program(*inputs.values(), train=True)
    _close(y, wanted.detach(), tolerance)
    dy = np.random.default_rng(5).normal(size=y.shape).astype(dtype)
    wanted.backward(torch.tensor(dy))
    theirs = {**dict(module.named_parameters()), **{name: tensors[name] for name in reals}}
    gradients = program.backward(dy)
    assert gradients.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert tensor.grad is not None, name
        _close(gradients[name], tensor.grad, 10 * tolerance)


class Halves:
    """A generator whose numbers are all in the middle."""

    def random(self, size: Any) -> np.ndarray:
        return np.full(size, 0.5)

    def uniform(self, low: float, high: float, size: Any) -> np.ndarray:
        return np.full(size, (low + high) / 2)

    def integers(self, low: int, high: int, size: Any) -> np.ndarray:
        return np.full(size, (low + high) // 2)


def halves(monkeypatch: pytest.MonkeyPatch) -> Halves:
    """A generator for NumPy; what torch's layers draw is a half of what it could be as well.

    Dropout and stochastic depth of up to 0.5 keep everything then, and scale it.
    """
    uniform = torch.Tensor.uniform_
    monkeypatch.setattr(torch, "rand_like", lambda x, dtype=None: torch.full_like(x, 0.5, dtype=dtype))
    monkeypatch.setattr(
        torch.Tensor, "uniform_", lambda x, *ends, **more: uniform(x, *ends, **more) if ends else x.fill_(0.5)
    )
    for name in ("dropout", "dropout1d"):
        monkeypatch.setattr(torch.nn.functional, name, lambda x, p, training=True, inplace=False: x / (1 - p))
    return Halves()


def _close(got: np.ndarray, wanted: torch.Tensor, tolerance: float) -> None:
    scale = max(1.0, float(wanted.abs().max()))
    np.testing.assert_allclose(got, wanted.numpy(), rtol=tolerance, atol=tolerance * scale)
