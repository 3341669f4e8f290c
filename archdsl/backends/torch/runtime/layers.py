"""Layers under names that torch has for something else."""

from typing import Any

from torch import nn


class Layers(nn.Module):
    """Layers whose names attributes could not bear: `self["train"]`."""

    def __setitem__(self, name: str, layer: nn.Module) -> None:
        self._modules[name] = layer

    def __getitem__(self, name: str) -> nn.Module:
        layer = self._modules[name]
        assert layer is not None
        return layer

    def __setattr__(self, name: str, value: Any) -> None:
        own = name in self.__dict__ or hasattr(nn.Module, name)
        if own and not isinstance(value, nn.Module | nn.Parameter):
            object.__setattr__(self, name, value)  # a flag of torch's own, beside a layer of that name: "training"
        else:
            super().__setattr__(name, value)
