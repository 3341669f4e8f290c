"""The passes for networks in PyTorch that may be trained: they change no value and no gradient, only the memory held."""

from __future__ import annotations

from archdsl.passes import Pass
from archdsl.passes.activations import overwrite_in_training

PLAIN: tuple[Pass, ...] = (overwrite_in_training,)
