"""Augmentation in torch: each op is a small module that the emitted file brings along."""

from __future__ import annotations

from archdsl.backends.torch.calls import call, opt, size
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.augment import ColorJitter, Normalize, RandomCrop, RandomFlip, RandomResizedCrop
from archdsl.sizes.shape import Shape

AXES = {"horizontal": 3, "vertical": 2}


@lowers(RandomFlip)
def random_flip(op: RandomFlip, x: Shape) -> Lowering:
    """random_flip      # RandomFlip(0.5)"""
    return layer(call("RandomFlip", {"p": op.p}, dim=opt(AXES[op.axis], 3)))


@lowers(RandomCrop)
def random_crop(op: RandomCrop, x: Shape) -> Lowering:
    """random_crop(padding=4)      # RandomCrop(padding=4)"""
    return layer(call("RandomCrop", padding=size(op.padding)))


@lowers(RandomResizedCrop)
def random_resized_crop(op: RandomResizedCrop, x: Shape) -> Lowering:
    """random_resized_crop      # RandomResizedCrop(scale=(0.08, 1.0), ratio=(0.75, 1.3333))"""
    return layer(call("RandomResizedCrop", scale=op.scale, ratio=op.ratio))


@lowers(ColorJitter)
def color_jitter(op: ColorJitter, x: Shape) -> Lowering:
    """color_jitter(brightness=0.4)      # ColorJitter(brightness=0.4)"""
    return layer(call("ColorJitter", **{name: opt(value, 0.0) for name, value in op.values().items()}))


@lowers(Normalize)
def normalize(op: Normalize, x: Shape) -> Lowering:
    """normalize(0.5, 0.25)      # Normalize(mean=0.5, std=0.25)"""
    mean, std = (numbers[0] if len(numbers) == 1 else numbers for numbers in (op.mean, op.std))
    return layer(call("Normalize", mean=mean, std=std))
