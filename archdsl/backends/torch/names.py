"""Names that are safe in a file of torch: for attributes, variables, parameters and classes.

Keys of the state dict are never changed. A key that no attribute can bear is written `self["class"]` instead.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from archdsl.analyses.lints.reserved import MODULE_ATTRIBUTES
from archdsl.backends.python.names import BUILTINS, KEYWORDS, camel, identifier, unique

CONTAINER_ATTRIBUTES = frozenset(("append", "clear", "extend", "insert", "items", "keys", "pop", "update", "values"))
"""What `nn.Sequential` and `nn.ModuleDict` answer to on top of what every module does."""

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
    plain = key.isidentifier() and key.isascii() and key not in KEYWORDS and not key.startswith("_")
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
    return identifier(kept, TAKEN, KEYWORDS)


def class_name(name: str, fallback: str) -> str:
    """The CamelCase of a block's name: `vgg_block` becomes `VggBlock`, `LeNet` stays."""
    word = camel(name)
    if not word or not word[0].isalpha():
        return fallback
    return f"{word}{fallback}" if word in TAKEN or word in KEYWORDS else word


def first_free(taken: Container[str], pool: Iterable[str] = VARIABLES) -> str:
    """A short variable name that is not in use."""
    return next((name for name in pool if name not in taken), None) or unique("x", taken)
