"""Small classes and functions that an emitted file brings along when it uses them, each under its name."""

from __future__ import annotations

from archdsl.backends.torch.augmenting import AUGMENTING
from archdsl.backends.torch.checkpointing import CHECKPOINTED
from archdsl.backends.torch.fused_source import FUSED

_FLIPPED = '''\
class FlippedConv{rank}d(nn.Conv{rank}d):
    """A convolution that turns its kernel along every axis, as mathematics has it."""

    def forward(self, input: Tensor) -> Tensor:
        weight = self.weight.flip({axes})
        return F.conv{rank}d(input, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
'''

_INITIALIZED = '''\
def initialized(layer: nn.Module, **fills: Callable[[Tensor], Tensor]) -> nn.Module:
    """The layer, with first values for some of its parameters."""
    for name, fill in fills.items():
        fill(layer.get_parameter(name))
    return layer
'''

_LAYERS = '''\
class Layers(nn.Module):
    """Layers whose names attributes could not bear: `self["train"]`."""

    def __setitem__(self, name: str, layer: nn.Module) -> None:
        self._modules[name] = layer

    def __getitem__(self, name: str) -> nn.Module:
        layer = self._modules[name]
        assert layer is not None
        return layer
'''

_CAUSAL_MASK = '''\
def causal_mask(x: Tensor) -> Tensor:
    """Which positions of [N, T, D] each position must not see, the later ones: [T, T]."""
    return x.new_ones(x.size(1), x.size(1), dtype=torch.bool).triu(1)
'''

_STOCHASTIC_DEPTH = '''\
class StochasticDepth(nn.Module):
    """In training, zero whole samples with probability p and scale the others by 1 / (1 - p)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return input
        rows = input.flatten(1).unsqueeze(0)
        return F.dropout1d(rows, self.p).view_as(input)  # drops rows as a whole
'''

HELPERS: dict[str, str] = {
    "FlippedConv1d": _FLIPPED.format(rank=1, axes="2"),
    "FlippedConv2d": _FLIPPED.format(rank=2, axes="2, 3"),
    "FlippedConv3d": _FLIPPED.format(rank=3, axes="2, 3, 4"),
    "initialized": _INITIALIZED,
    "Layers": _LAYERS,
    "StochasticDepth": _STOCHASTIC_DEPTH,
    "causal_mask": _CAUSAL_MASK,
    "checkpointed": CHECKPOINTED,
    **AUGMENTING,
    **FUSED,
}
