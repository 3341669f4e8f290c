"""A short run of the example: both networks learn real digits, and both backends learn the same."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

EXAMPLE = Path(__file__).parents[1] / "examples" / "digits.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("digits", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["digits"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["digits"]


def test_digits_grow_without_losing_what_they_show(example):
    learn, judge = example.digits(seed=0)
    assert learn.images.shape == (1347, 1, 28, 28)
    assert judge.images.shape == (450, 1, 28, 28)
    assert abs(learn.images.mean()) < 1e-5
    assert abs(learn.images.std() - 1) < 1e-5
    assert np.bincount(judge.labels).min() >= 43
    np.testing.assert_allclose(example.enlarged(np.eye(2, dtype=np.float32), 2), np.eye(2))
    np.testing.assert_allclose(example.enlarged(np.full((8, 8), 3.0, np.float32), 28), 3.0, rtol=1e-6)


def test_numpy_learns_with_sigmoid(example):
    accuracy, _ = example.run("LeNet", "numpy", epochs=6, quiet=True)
    assert accuracy > 0.9


def test_numpy_learns_with_relu(example):
    accuracy, _ = example.run("LeNetRelu", "numpy", epochs=3, quiet=True)
    assert accuracy > 0.93


def test_torch_learns_the_same(example):
    pytest.importorskip("torch")
    through_torch, _ = example.run("LeNetRelu", "torch", epochs=3, quiet=True)
    through_numpy, _ = example.run("LeNetRelu", "numpy", epochs=3, quiet=True)
    assert through_torch > 0.93
    assert abs(through_torch - through_numpy) < 0.02
