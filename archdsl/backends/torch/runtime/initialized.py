"""First values other than torch's own."""

from collections.abc import Callable

from torch import Tensor, nn


def initialized(layer: nn.Module, **fills: Callable[[Tensor], Tensor]) -> nn.Module:
    """The layer, with first values for some of its parameters."""
    for name, fill in fills.items():
        fill(layer.get_parameter(name))
    return layer
