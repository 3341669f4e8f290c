"""How the examples train a network on real handwritten digits, through PyTorch and through NumPy.

    learn, judge = digits(seed=0)
    trained = train(net, net.numpy().state_dict(), "numpy", learn, Recipe(epochs=5, rate=0.05), seed=0)
    trained.accuracy(judge)

The digits are scikit-learn's: 1,797 images of 8×8, collected by Alpaydin and Kaynak (1998), here scaled up to 28×28. A
quarter of them, drawn evenly from all classes, is held out. Both programs start from the same weights, see the same
batches, and go down their gradients with the same few lines of NumPy, on one core each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from time import process_time
from typing import Any

import click
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits  # scikit-learn brings it

import archdsl
from archdsl.training import SGD, cross_entropy

Array = np.ndarray[Any, Any]
BATCH = 16


@dataclass(frozen=True)
class Recipe:
    """How to train: passes over the digits, the first rate of descent, which falls evenly to zero, and the momentum."""

    epochs: int
    rate: float
    momentum: float = 0.0

    def rates(self) -> list[float]:
        """The rate of each epoch."""
        return [self.rate * (1 - epoch / self.epochs) for epoch in range(self.epochs)]


@dataclass(frozen=True)
class Digits:
    """Images [N, 1, 28, 28] of values from 0 to 1, and what they show."""

    images: Array
    labels: Array

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        """All digits once, in a new order."""
        order = rng.permutation(len(self.labels))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            yield self.images[chosen], self.labels[chosen]


def digits(seed: int) -> tuple[Digits, Digits]:
    """Three quarters to learn from, one to be judged by."""
    known = load_digits()
    images = enlarged(known.images.astype(np.float32) / 16, 28)[:, None]
    parts = train_test_split(images, known.target, test_size=0.25, stratify=known.target, random_state=seed)
    learn, judge, learn_labels, judge_labels = parts
    return Digits(learn, learn_labels), Digits(judge, judge_labels)


def enlarged(images: Array, size: int) -> Array:
    """Square images drawn at another size, each pixel a blend of its nearest four (bilinear)."""
    old = images.shape[-1]
    places = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
    blend = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(old))).astype(np.float32)
    return blend @ images @ blend.T


@dataclass(frozen=True)
class Trained:
    """A network after training: its logits for images, the mean loss of each epoch, and the seconds of a core it took.

    Seconds are the processor's: other programs that share the machine change them little.
    """

    logits: Callable[[Array], Array]
    losses: list[float]
    seconds: float

    def accuracy(self, judge: Digits) -> float:
        """The share of digits that it tells right."""
        return float((self.logits(judge.images).argmax(axis=1) == judge.labels).mean())


# One step of training: the loss of a batch, after the weights have moved. Then what gives the logits of images.
Step = Callable[[Array, Array, float], float]
Logits = Callable[[Array], Array]


def through_torch(net: archdsl.Network, weights: dict[str, Array], momentum: float, seed: int) -> tuple[Step, Logits]:
    """The network's torch module. Its arrays are torch's own memory, so that `SGD` moves its parameters."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    module = net.torch()
    module.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    parameters = dict(module.named_parameters())
    weights = {name: parameter.detach().numpy() for name, parameter in parameters.items()}
    descent = SGD(weights, rate=0.0, momentum=momentum)

    def step(images: Array, labels: Array, rate: float) -> float:
        module.train()
        module.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(torch.from_numpy(images)), torch.from_numpy(labels))
        loss.backward()
        descent.rate = rate
        descent.step({name: parameter.grad.numpy() for name, parameter in parameters.items()})
        return loss.item()

    def logits(images: Array) -> Array:
        module.eval()
        with torch.no_grad():
            return module(torch.from_numpy(images)).numpy()

    return step, logits


def through_numpy(net: archdsl.Network, weights: dict[str, Array], momentum: float, seed: int) -> tuple[Step, Logits]:
    """The network's NumPy program."""
    program = net.numpy(seed)
    program.load_state_dict(weights)
    descent = SGD(program.parameters(), rate=0.0, momentum=momentum)

    def step(images: Array, labels: Array, rate: float) -> float:
        loss, slope = cross_entropy(program(images, train=True), labels)
        descent.rate = rate
        descent.step(program.backward(slope))
        return loss

    return step, program


BACKENDS = {"torch": through_torch, "numpy": through_numpy}


def train(
    net: archdsl.Network,
    weights: dict[str, Array],
    backend: str,
    learn: Digits,
    recipe: Recipe,
    seed: int = 0,
    quiet: bool = False,
) -> Trained:
    """Train a network through one backend, from given first weights, under a progress bar."""
    rng = np.random.default_rng(seed)
    step, logits = BACKENDS[backend](net, weights, recipe.momentum, seed)
    losses: list[float] = []
    bar = click.progressbar(
        recipe.rates(),
        label=f"{net.name:<14} {backend}",
        item_show_func=lambda _: f"loss {losses[-1]:.3f}" if losses else None,
        file=StringIO() if quiet else None,
    )
    start = process_time()
    with threadpool_limits(1), bar as rates:
        for rate in rates:
            losses.append(float(np.mean([step(*batch, rate) for batch in learn.batches(rng)])))
    return Trained(logits, losses, process_time() - start)
