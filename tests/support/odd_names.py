"""Names that mean something to Python, to torch, to NumPy, or to an emitted file."""

from __future__ import annotations

import builtins
import keyword
import re

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from archdsl.backends.torch.brought import FUSED, PLAIN, names_in
from archdsl.backends.torch.names import TAKEN

_OF_FILES = (
    "np net layer i INPUTS OUTPUTS TENSORS CONDITIONS check_inputs Value Pass Network Input Tensor seed dtype x y"
)
_OF_TUPLES = "count index _fields _replace _make _asdict"
_UNDERSCORED = "_ x_ _x X_1 l0"

ODD_NAMES = sorted(
    name
    for name in {
        *dir(nn.Module()), *dir(nn.Sequential()), *dir(nn.ModuleDict()), *dir(nn.Linear(1, 1)),
        *keyword.kwlist, *keyword.softkwlist, *dir(builtins), *TAKEN, *names_in(PLAIN + FUSED),
        *_OF_FILES.split(), *_OF_TUPLES.split(), *_UNDERSCORED.split(),
    }
    if re.fullmatch(r"(?!__|x$)[A-Za-z_]\w*", name)
)  # fmt: skip
"""Names that a layer may have beside an input x; the language refuses those that begin with two underscores."""

LIBRARY_NAMES = sorted(
    name for of in (torch, nn, functional, np) for name in dir(of) if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", name)
)
"""What torch and NumPy call their own."""
