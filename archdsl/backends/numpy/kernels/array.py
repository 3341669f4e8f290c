"""Names for what kernels take and return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
Gradients: TypeAlias = dict[str, Array]
Pullback: TypeAlias = Callable[[Array], tuple[Array, Gradients]]
JoinPullback: TypeAlias = Callable[[Array], tuple[tuple[Array, ...], Gradients]]
Size: TypeAlias = int | tuple[int, ...]
