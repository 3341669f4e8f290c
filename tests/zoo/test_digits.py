"""A short run of the example: both networks learn real digits, and both backends learn the same."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

import digits as example
from training import digits, enlarged


def test_digits_grow_without_losing_what_they_show():
    learn, judge = digits(seed=0)
    assert learn.images.shape == (1347, 1, 28, 28)
    assert judge.images.shape == (450, 1, 28, 28)
    assert learn.images.min() == 0
    assert learn.images.max() == 1
    assert np.bincount(judge.labels).min() >= 43
    np.testing.assert_allclose(enlarged(np.eye(2, dtype=np.float32), 2), np.eye(2))
    np.testing.assert_allclose(enlarged(np.full((8, 8), 3.0, np.float32), 28), 3.0, rtol=1e-6)


def accuracy_of(network: str, backend: str, epochs: int) -> float:
    _, judge = digits(seed=0)
    return example.run(network, backend, epochs, quiet=True).accuracy(judge)


def test_numpy_learns_with_sigmoid():
    accuracy = accuracy_of("LeNet", "numpy", epochs=8)
    assert accuracy > 0.88


def test_numpy_learns_with_relu():
    accuracy = accuracy_of("LeNetRelu", "numpy", epochs=3)
    assert accuracy > 0.93


def test_torch_learns_the_same():
    pytest.importorskip("torch")
    through_torch = accuracy_of("LeNetRelu", "torch", epochs=3)
    through_numpy = accuracy_of("LeNetRelu", "numpy", epochs=3)
    assert through_torch > 0.93
    assert abs(through_torch - through_numpy) < 0.02
