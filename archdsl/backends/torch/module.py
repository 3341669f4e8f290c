"""The live module: the emitted source, executed.

    net = module(lenet)
    net(torch.zeros(1, 1, 28, 28))

The source is a module of its own, named after its hash: tracebacks and `inspect.getsource` show it. A pickle of an
instance, or of a part of it, carries the source, so that another process can make the class again. Reading such a
pickle therefore executes the source that is in it, as reading any pickle may execute anything: for weights from
elsewhere there are state dicts.
"""

from __future__ import annotations

import copyreg
import linecache
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from types import ModuleType
from typing import Any

from torch import nn

from archdsl.backends.torch.source import class_of, classes_of_blocks, source
from archdsl.graph.nodes import Graph


def module(graph: Graph, header: str = "", checkpoint: Sequence[str] = ()) -> nn.Module:
    """A freshly initialised module of the network; `checkpoint` names blocks to run again in the backward pass."""
    made = getattr(executed(source(graph, header, checkpoint)), class_of(graph))()
    assert isinstance(made, nn.Module)
    return made


def block_classes(
    graph: Graph, header: str = "", checkpoint: Sequence[str] = (), blocks: Sequence[str] = ()
) -> tuple[type[nn.Module], ...]:
    """The classes of a network's blocks, or of some of them, those that others use before them."""
    made = executed(source(graph, header, checkpoint))
    return tuple(getattr(made, name) for name in classes_of_blocks(graph, blocks))


def executed(text: str) -> ModuleType:
    """The Python module that a source makes; the same source makes it once."""
    name = f"archdsl_generated_{sha256(text.encode()).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    made = ModuleType(name)
    made.__file__ = f"<{name}>"
    linecache.cache[made.__file__] = (len(text), None, text.splitlines(keepends=True), made.__file__)
    exec(compile(text, made.__file__, "exec", dont_inherit=True), made.__dict__)
    sys.modules[name] = made
    for thing in list(vars(made).values()):
        if isinstance(thing, type) and thing.__module__ == name:
            copyreg.pickle(thing, _with_source(text))
    return made


def blank(text: str, name: str) -> nn.Module:
    """An instance of a class of a source whose constructor has not run: what a pickle fills with its state."""
    kind = getattr(executed(text), name)
    made = kind.__new__(kind)
    assert isinstance(made, nn.Module)
    return made


def results(text: str, name: str, *values: Any) -> tuple[Any, ...]:
    """The named tuple of a source with these values: the outputs of a network, out of a pickle."""
    made = getattr(executed(text), name)(*values)
    assert isinstance(made, tuple)
    return made


def _with_source(text: str) -> Callable[[Any], tuple[Any, ...]]:
    """How an instance of a class of this source is taken apart: the source, the name of the class, and the state."""

    def reduced(thing: Any) -> tuple[Any, ...]:
        name = type(thing).__name__
        if isinstance(thing, tuple):
            return results, (text, name, *thing)
        return blank, (text, name), thing.__getstate__()

    return reduced
