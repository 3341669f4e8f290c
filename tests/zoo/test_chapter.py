"""A short run of the chapter: each network checks, and learns real digits through both backends."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("torch")

import train_chapter as chapter
from training import Digits, Recipe, digits

import archdsl

# Epochs after which each is far better than chance, which is one in ten.
EPOCHS = {
    "SmallLeNet": 4,
    "SmallAlexNet": 4,
    "SmallVGG": 3,
    "SmallNiN": 4,
    "SmallGoogLeNet": 5,
    "SmallLeNetBN": 2,
    "SmallResNet": 2,
    "SmallDenseNet": 2,
}
CERTAIN = sorted(EPOCHS.keys() - {"SmallAlexNet", "SmallVGG", "SmallNiN"})  # nothing is drawn in training


def test_every_network_is_good_and_has_a_recipe():
    report = archdsl.check(chapter.SPEC)
    assert report.ok
    assert [network.name for network in report.networks] == list(chapter.RECIPES) == list(EPOCHS)


@pytest.mark.parametrize("backend", ["torch", "numpy"])
@pytest.mark.parametrize("network", EPOCHS)
def test_it_learns(network, backend):
    learn, judge = digits(seed=0)
    whole = chapter.RECIPES[network]
    recipe = Recipe(EPOCHS[network], whole.rate, whole.momentum)
    trained = chapter.run(network, backend, learn, recipe, quiet=True)
    assert trained.losses[-1] < 0.8 * trained.losses[0]
    assert trained.accuracy(judge) > 0.6


@pytest.mark.parametrize("network", CERTAIN)
def test_both_backends_take_the_same_steps(network):
    learn, _ = digits(seed=0)
    few = Digits(learn.images[:64], learn.labels[:64])
    recipe = Recipe(epochs=2, rate=0.01, momentum=0.9)
    through_torch, through_numpy = (
        chapter.run(network, backend, few, recipe, quiet=True) for backend in ("torch", "numpy")
    )
    np.testing.assert_allclose(through_numpy.losses, through_torch.losses, rtol=5e-3)
    np.testing.assert_allclose(through_numpy.logits(few.images), through_torch.logits(few.images), atol=0.02)


def test_the_page_of_results_is_about_these_networks():
    rows = [row.strip("| ").split(" | ") for row in chapter.PAGE.read_text(encoding="utf-8").splitlines() if "%" in row]
    told = {row[0]: (row[1], row[3]) for row in rows if row[0] in EPOCHS}
    assert told == {
        name: (f"{archdsl.load(f'{chapter.SPEC}:{name}').parameters:,}", str(recipe.epochs))
        for name, recipe in chapter.RECIPES.items()
    }
