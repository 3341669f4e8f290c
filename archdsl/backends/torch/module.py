"""The live module: the emitted source, executed.

    net = module(lenet)
    net(torch.zeros(1, 1, 28, 28))

The source is a module of its own, named after its hash: tracebacks and `inspect.getsource` show it, and instances can
be copied and pickled within a process. To unpickle elsewhere, save the source and the state dict instead.
"""

from __future__ import annotations

import linecache
import sys
from hashlib import sha256
from types import ModuleType

from torch import nn

from archdsl.backends.torch.source import class_of, source
from archdsl.ir.graph import Graph


def module(graph: Graph, header: str = "") -> nn.Module:
    """A freshly initialised module of the network."""
    made = getattr(executed(source(graph, header)), class_of(graph))()
    assert isinstance(made, nn.Module)
    return made


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
    return made
