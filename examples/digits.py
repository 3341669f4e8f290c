"""Train LeNet on real handwritten digits, through PyTorch and through NumPy.

    python examples/digits.py
    python examples/digits.py --network LeNetRelu --backend numpy --epochs 5

What is trained on, and how, is in `training.py`; here it is plain stochastic gradient descent.
"""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from typing import Any

import click
import numpy as np
from training import BACKENDS, Recipe, Trained, digits, train

import archdsl

SPEC = Path(__file__).parents[1] / "specs" / "lenet.arch"

# The first rate of descent, and the gain of the first weights: that for which a signal keeps its strength, √2 for ReLU
# (He et al. 2015), 4 for the sigmoid, whose slope is a quarter at 0 (Glorot and Bengio 2010). With a gain of 1 the
# sigmoid LeNet stays at chance for many epochs.
RATES = {"LeNet": 0.2, "LeNetRelu": 0.05}
GAINS = {"LeNet": 4.0, "LeNetRelu": sqrt(2)}

Array = np.ndarray[Any, Any]


def first_weights(net: archdsl.Network, gain: float, seed: int) -> dict[str, Array]:
    """Weights drawn evenly within ±gain·√(6 / (fan in + fan out)) (Glorot and Bengio 2010); offsets are 0."""
    rng = np.random.default_rng(seed)

    def draw(shape: tuple[int, ...]) -> Array:
        if len(shape) == 1:
            return np.zeros(shape, np.float32)
        window = int(np.prod(shape[2:]))
        bound = gain * sqrt(6 / (window * (shape[0] + shape[1])))
        return rng.uniform(-bound, bound, shape).astype(np.float32)

    return {name: draw(shape) for name, shape in net.state()}


def run(network: str, backend: str, epochs: int, seed: int = 0, quiet: bool = False) -> Trained:
    """Train one network through one backend."""
    net = archdsl.load(f"{SPEC}:{network}")
    weights = first_weights(net, GAINS[network], seed)
    learn, _ = digits(seed)
    return train(net, weights, backend, learn, Recipe(epochs, RATES[network]), seed, quiet)


@click.command()
@click.option("--epochs", type=click.IntRange(1), default=20, show_default=True, help="Passes over the digits.")
@click.option("--network", type=click.Choice([*RATES, "both"]), default="both", show_default=True)
@click.option("--backend", type=click.Choice([*BACKENDS, "both"]), default="both", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Draws the split, the first weights and the batches.")
def main(epochs: int, network: str, backend: str, seed: int) -> None:
    """Train LeNet on 1,797 handwritten digits; fails below 95 % on the quarter held out.

    \b
    Example:
      python examples/digits.py --network LeNetRelu --backend numpy
    """
    networks = list(RATES) if network == "both" else [network]
    backends = list(BACKENDS) if backend == "both" else [backend]
    results = {(name, kind): run(name, kind, epochs, seed) for name in networks for kind in backends}
    _, judge = digits(seed)
    click.echo(f"\n{'network':<9}  {'backend':<7}  held-out accuracy  seconds")
    for (name, kind), trained in results.items():
        click.echo(f"{name:<9}  {kind:<7}  {trained.accuracy(judge):17.1%}  {trained.seconds:7.1f}")
    if min(trained.accuracy(judge) for trained in results.values()) < 0.95:
        raise click.ClickException("an accuracy is below 95 %")


if __name__ == "__main__":
    main()
