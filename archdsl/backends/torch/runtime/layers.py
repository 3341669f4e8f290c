"""Layers under names that torch has for something else."""

from torch import nn


class Layers(nn.Module):
    """Layers whose names attributes could not bear: `self["train"]`."""

    def __setitem__(self, name: str, layer: nn.Module) -> None:
        self._modules[name] = layer

    def __getitem__(self, name: str) -> nn.Module:
        layer = self._modules[name]
        assert layer is not None
        return layer
