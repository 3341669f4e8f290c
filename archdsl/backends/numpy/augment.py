"""Augmentation on NumPy: which kernel, with which options."""

from __future__ import annotations

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.rules import Call, call, lowers
from archdsl.ops.augment import ColorJitter, Normalize, RandomFlip

AXES = {"horizontal": 3, "vertical": 2}


@lowers(RandomFlip)
def random_flip(op: RandomFlip) -> Call:
    return call(kernels.random_flip, p=op.p, axis=AXES[op.axis])


@lowers(ColorJitter)
def color_jitter(op: ColorJitter) -> Call:
    return call(kernels.color_jitter, **op.values())


@lowers(Normalize)
def normalize(op: Normalize) -> Call:
    return call(kernels.normalize, mean=op.mean, std=op.std)
