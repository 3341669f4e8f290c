"""A network that infers alone."""

from collections.abc import Callable
from sys import platform

from torch import nn

from archdsl.backends.torch.runtime.folded import take_weights
from archdsl.backends.torch.runtime.memory import KEPT, settle_memory


def for_inference(network: nn.Module) -> None:
    """Make a network take weights made for the spec as well, and keep no gradients."""
    register: Callable[..., object] = network.register_load_state_dict_pre_hook
    register(take_weights)
    network.eval().requires_grad_(False)
    if platform == "linux" and not KEPT:
        settle_memory()
