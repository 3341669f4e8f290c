"""What training takes besides gradients: losses, and rules that move the weights.

    program = net.numpy(seed=0)
    descent = SGD(program.parameters(), rate=0.1, momentum=0.9)
    for images, labels in batches:
        loss, dy = cross_entropy(program(images, train=True), labels)
        descent.step(program.backward(dy))

A loss returns its mean over the batch and its gradient; a rule changes the arrays of the weights in place. Nothing here
draws random numbers: the same program, seed and batches give the same weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from archdsl.backends.numpy.kernels.array import Array


def cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    """The mean cross entropy of classes, and its gradient: (softmax(logits) - truth) / count.

        loss, dy = cross_entropy(program(images, train=True), labels)

    logits [N, classes, *sizes], labels [N, *sizes] as whole numbers from 0. Raises ValueError where these don't fit.
    """
    classes = logits.shape[1]
    if labels.shape != (len(logits), *logits.shape[2:]) or labels.dtype.kind not in "iu":
        wanted = [len(logits), *logits.shape[2:]]
        raise ValueError(f"labels are whole numbers {wanted}, and these are {labels.dtype} {list(labels.shape)}")
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"labels are 0 to {classes - 1}, and these are {labels.min()} to {labels.max()}")
    shifted = logits - logits.max(axis=1, keepdims=True)
    slope = np.exp(shifted)
    total = slope.sum(axis=1, keepdims=True)
    slope /= total
    truth = labels[:, None]
    loss = np.log(total) - np.take_along_axis(shifted, truth, axis=1)
    np.put_along_axis(slope, truth, np.take_along_axis(slope, truth, axis=1) - 1, axis=1)
    slope /= labels.size
    return float(loss.mean()), slope


def mean_squared_error(y: Array, wanted: Array) -> tuple[float, Array]:
    """The mean of the squared differences, and its gradient: 2 · (y - wanted) / count.

        loss, dy = mean_squared_error(program(x, train=True), wanted)

    Both of one shape; ValueError otherwise, as broadcasting would hide a mistake.
    """
    if y.shape != wanted.shape:
        raise ValueError(f"what is wanted is {list(wanted.shape)}, and y is {list(y.shape)}")
    difference = y - wanted
    return float(np.square(difference).mean()), difference * (2 / difference.size)


class SGD:
    """Gradient descent with momentum and weight decay.

        v ← momentum · v + (gradient + decay · weight);  weight ← weight - rate · v

    `rate` may be changed between steps. The velocity starts at the first gradient, as everywhere.
    """

    def __init__(self, weights: Mapping[str, Array], rate: float, momentum: float = 0.0, decay: float = 0.0) -> None:
        self.weights = weights
        self.rate = rate
        self.momentum = momentum
        self.decay = decay
        self.velocity = {name: np.zeros_like(weight) for name, weight in weights.items()} if momentum else {}

    def step(self, gradients: Mapping[str, Array]) -> None:
        """Move every weight by one step, given the gradients by name; others, such as the inputs', are passed over."""
        for name, weight in self.weights.items():
            move = gradients[name]
            if self.decay:
                move = move + self.decay * weight
            if self.momentum:
                velocity = self.velocity[name]
                velocity *= self.momentum
                velocity += move
                move = velocity
            weight -= self.rate * move


class Adam:
    """Steps scaled by running means of the gradients and of their squares (Kingma, Ba 2014).

        m ← b1 · m + (1 - b1) · g;  v ← b2 · v + (1 - b2) · g²
        weight ← weight - rate · m / (1 - b1^t) / (√(v / (1 - b2^t)) + eps)

    `decay` adds decay · weight to the gradient, as weight decay was first meant.
    """

    def __init__(
        self,
        weights: Mapping[str, Array],
        rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        decay: float = 0.0,
    ) -> None:
        self.weights = weights
        self.rate = rate
        self.betas = betas
        self.eps = eps
        self.decay = decay
        self.steps = 0
        self.means = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self.squares = {name: np.zeros_like(weight) for name, weight in weights.items()}

    def step(self, gradients: Mapping[str, Array]) -> None:
        """Move every weight by one step, given the gradients by name; others, such as the inputs', are passed over."""
        self.steps += 1
        first, second = self.betas
        rate = self.rate / (1 - first**self.steps)
        bias = (1 - second**self.steps) ** 0.5
        for name, weight in self.weights.items():
            gradient = gradients[name]
            if self.decay:
                gradient = gradient + self.decay * weight
            mean, square = self.means[name], self.squares[name]
            mean *= first
            mean += (1 - first) * gradient
            square *= second
            square += (1 - second) * np.square(gradient)
            weight -= rate * mean / (np.sqrt(square) / bias + self.eps)
