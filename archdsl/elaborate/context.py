"""Where the expander is in a spec: the names in sight, the module it adds to, the defaults in force, its way here."""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.elaborate.bind import Defaults
from archdsl.elaborate.module import Module
from archdsl.elaborate.scope import Scope, Trail
from archdsl.elaborate.values import Tensor
from archdsl.record import Entity
from archdsl.syntax import tree

NOTHING = Tensor(None)
Names = tuple[tree.LayerName, ...]


class Context(Entity):
    """The surroundings of a statement; `depth` counts the blocks and groups around it."""

    scope: Scope
    module: Module
    defaults: Mapping[str, Defaults]
    trail: Trail | None = None
    depth: int = 0
