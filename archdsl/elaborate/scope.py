"""Where names are looked up: the file, the parameters and loop variables, the values and layers of a module."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from archdsl.diagnostics import Edit, Problem, item, respelled
from archdsl.record import Entity, Record
from archdsl.source import Source, Span


class UnknownName(Problem):
    """Every name is an op, a block, a parameter, a named value or a function of the language.

    rellu      # error[unknown-name]
    relu       # good
    """

    code = "unknown-name"
    message = "nothing is named {name}"
    name: str
    near: str = ""
    declare: str = ""

    def help(self) -> str:
        return self.near or self.declare

    def cause(self, span: Span) -> Hashable:
        """A name that nothing is like may be two things in two items; one that is misspelt is one thing."""
        return self.name, self.near or item(span)

    def suppresses(self, span: Span) -> Hashable:
        return item(span), self.name

    def repair(self, span: Span) -> tuple[Edit, ...]:
        return respelled(self.name, self.near, span)


class NameTaken(Problem):
    """One name, one thing, in one scope.

    input x: [N, 4]
    fc = linear(3)
    fc = linear(3)       # error[name-taken]
    fc2 = linear(3)      # good
    """

    code = "name-taken"
    message = "the name {name} is taken"
    label = "{name} again"
    name: str
    in_loop: bool = False

    def help(self) -> str:
        return f"put the counter of the loop into the name: {self.name}{{i}}" if self.in_loop else "choose another name"


Constant: TypeAlias = Any
"""What a name can stand for when compiling: int, float, bool, str, None, a tuple (lists and tuples), a size, or one of
the records in `values`."""


class FileScope:
    """The things that a file declares or imports; `lost` names could not be read and are not reported again.

    `definitions` are those of its items that somebody asked for, by their trees.
    """

    def __init__(self, source: Source, lost: frozenset[str] = frozenset()) -> None:
        self.source = source
        self.lost = lost
        self.names: dict[str, Constant] = {}
        self.places: dict[str, Span] = {}
        self.definitions: dict[Any, Any] = {}

    def is_lost(self, name: str) -> bool:
        """Whether a name could not be read; without its bracket, what follows has run into it. An item may have lost
        its name altogether: then it may be any."""
        return (
            "" in self.lost
            or name in self.lost
            or (len(name) > 2 and any(other.startswith(name) for other in self.lost))
        )


class Scope(Entity):
    """Compile-time names, the inner ones first."""

    home: FileScope
    names: Mapping[str, Constant] = MappingProxyType({})
    outer: Scope | None = None

    def inner(self, names: Mapping[str, Constant]) -> Scope:
        return Scope(self.home, names, self)

    def find(self, name: str) -> tuple[bool, Constant]:
        """Whether there is such a name in the scope itself, and its value."""
        scope: Scope | None = self
        while scope:
            if name in scope.names:
                return True, scope.names[name]
            scope = scope.outer
        return False, None

    def visible(self) -> Iterator[str]:
        """Every name that could have been meant."""
        scope: Scope | None = self
        while scope:
            yield from scope.names
            scope = scope.outer
        yield from self.home.names


class ExpansionTrace(Record):
    """How the elaborator came to a place: calls and passes, the innermost first."""

    note: str
    outer: ExpansionTrace | None = None

    def notes(self) -> tuple[str, ...]:
        """All notes; of a deep recursion the two ends."""
        found: list[str] = []
        trace: ExpansionTrace | None = self
        while trace:
            found.append(trace.note)
            trace = trace.outer
        if len(found) <= 8:
            return tuple(found)
        return (*found[:3], f"… {len(found) - 5} more …", *found[-2:])
