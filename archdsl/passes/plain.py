"""The passes for networks in PyTorch that may be trained: no value and no gradient changes, only the memory held."""

from __future__ import annotations

from archdsl.passes import Pass
from archdsl.passes.activations import overwrite_in_training
from archdsl.passes.add_to_norms import add_to_norms

PLAIN: tuple[Pass, ...] = (add_to_norms, overwrite_in_training)
