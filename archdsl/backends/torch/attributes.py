"""How a module holds a layer or a parameter of any name: set, read, and on which base class.

    self.conv1 = nn.Conv2d(3, 8, kernel_size=3)        # an attribute, where the name can be one
    self["class"] = nn.Conv2d(3, 8, kernel_size=3)     # an item, on nn.ModuleDict, or on the file's own `Layers`

Keys of the state dict are never changed.
"""

from __future__ import annotations

from collections.abc import Collection

from archdsl.analyses.lints.reserved import MODULE_ATTRIBUTES
from archdsl.backends.python.literals import quoted
from archdsl.backends.torch.names import CONTAINER_ATTRIBUTES, is_attribute, is_subscript

FLAGS = frozenset(("training", "_compiled_call_impl", "_is_full_backward_hook"))
"""What torch sets on a module by itself, later than its constructor: `Layers` lets it, beside a layer of the name."""


def base(layers: Collection[str], parameters: Collection[str] = ()) -> str:
    """The base class of a module whose layers and parameters have these names.

    base(["conv1", "class"])      # "nn.ModuleDict"
    """
    odd = [key for key in layers if not is_attribute(key)]
    if not FLAGS.isdisjoint(parameters) or not all(map(is_subscript, odd)):
        return "Layers"
    if not odd:
        return "nn.Module"
    return "nn.ModuleDict" if CONTAINER_ATTRIBUTES.isdisjoint([*layers, *parameters]) else "Layers"


def layer(key: str) -> str:
    """A layer of the module, to be set or read.

    layer("class")      # 'self["class"]'
    """
    return f"self.{key}" if is_attribute(key) else f"self[{quoted(key)}]"


def parameter(key: str) -> str:
    """A parameter of the module, to be read."""
    if is_attribute(key):
        return f"self.{key}"
    name = quoted(key)
    return f"dict(self.named_parameters(recurse=False))[{name}]" if _is_refused(key) else f"getattr(self, {name})"


def setting_parameter(key: str) -> tuple[str, str]:
    """What stands around a parameter, so that the module has it."""
    if is_attribute(key):
        return f"self.{key} = ", ""
    name = quoted(key)
    return (f"self._parameters[{name}] = ", "") if _is_refused(key) else (f"self.register_parameter({name}, ", ")")


def _is_refused(key: str) -> bool:
    """Whether torch refuses to register a parameter of that name."""
    return key in MODULE_ATTRIBUTES or key.startswith("_")
