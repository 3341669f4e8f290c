"""What is found of a node once, and kept as long as the node is.

    @once
    def lower(node: Apply) -> Lowering: ...

Nodes are frozen, so what was found of one stays true; it is let go with the node.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from archdsl.graph.nodes import Apply

Found = TypeVar("Found")


def once(find: Callable[[Apply], Found]) -> Callable[[Apply], Found]:
    """The function, run at most once for each node. What it returns must not hold the node."""
    kept: WeakKeyDictionary[Apply, Found] = WeakKeyDictionary()

    @wraps(find)
    def found(node: Apply) -> Found:
        if node not in kept:
            kept[node] = find(node)
        return kept[node]

    return found
