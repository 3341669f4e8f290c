"""Names that are safe where they stand: for attributes, variables, parameters and classes.

Keys of the state dict are never changed. A key that no attribute can bear is written `self["class"]` instead.
"""

from __future__ import annotations

import builtins
from collections.abc import Container, Iterable
from keyword import iskeyword

from archdsl.analyses.lints.reserved import MODULE_ATTRIBUTES

CONTAINER_ATTRIBUTES = frozenset(("append", "clear", "extend", "insert", "items", "keys", "pop", "update", "values"))
"""What `nn.Sequential` and `nn.ModuleDict` answer to on top of what every module does."""

BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_IMPORTED = """
    AbstractContextManager Any CDLL Callable F Iterator NamedTuple OrderedDict PAGESIZE Tensor c_size_t c_void_p
    checkpoint contextmanager nn nullcontext partial platform self torch wraps
"""
IMPORTED = frozenset(_IMPORTED.split())
TAKEN = BUILTINS | IMPORTED
"""Names that an emitted file must not give another meaning."""

VARIABLES = ("x", "y", "z", "u", "v", "w")


def is_attribute(key: str) -> bool:
    """Whether a layer can be an attribute of that name: `self.conv1`, but not `self.class`, `self.train` or `self.0`.

    Names with a leading underscore are torch's own, or mangled by Python.
    """
    plain = key.isidentifier() and key.isascii() and not iskeyword(key) and not key.startswith("_")
    return plain and key not in MODULE_ATTRIBUTES


def is_keyword_argument(key: str) -> bool:
    """Whether `OrderedDict(key=…)` can be written, for a layer of an `nn.Sequential`."""
    return is_attribute(key) and key not in CONTAINER_ATTRIBUTES


def is_subscript(key: str) -> bool:
    """Whether `nn.ModuleDict` takes a layer of that name: `self["class"]`, but not `self["train"]`."""
    return not key.startswith("_") and key not in MODULE_ATTRIBUTES and key not in CONTAINER_ATTRIBUTES


def variable(name: str, fallback: str = "x") -> str:
    """A name for a variable or a parameter, nearest to the one that is wanted.

    variable("class")      # "class_"
    """
    kept = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name).strip("_")
    if not kept or not kept[0].isalpha():
        return fallback
    return f"{kept}_" if iskeyword(kept) or kept in TAKEN else kept


def class_name(name: str, fallback: str) -> str:
    """The CamelCase of a block's name: `vgg_block` becomes `VggBlock`, `LeNet` stays."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in name).split()
    camel = "".join(word[0].upper() + word[1:] for word in words)
    if not camel or not camel[0].isalpha():
        return fallback
    return f"{camel}{fallback}" if camel in TAKEN or iskeyword(camel) else camel


def unique(name: str, taken: Container[str]) -> str:
    """The name, with the first number that makes it new where it is taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name}{number}" in taken:
        number += 1
    return f"{name}{number}"


def first_free(taken: Container[str], pool: Iterable[str] = VARIABLES) -> str:
    """A short variable name that is not in use."""
    return next((name for name in pool if name not in taken), None) or unique("x", taken)
