"""Frozen data with named fields: what `dataclass(frozen=True)` gives, without compiling code for each class.

The package defines a few hundred small classes (problems, nodes of the tree, ops). Generating their methods would take
most of the time that `archdsl check` takes to start; a record's methods are shared and read its list of fields.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, dataclass_transform

T = TypeVar("T")


class Required:
    """The default of a field that has none."""


REQUIRED = Required()


class Spec:
    """A field's default and facts about it."""

    def __init__(self, default: Any, facts: Mapping[str, Any]) -> None:
        self.default = default
        self.facts = facts


def spec(*, default: Any = REQUIRED, **facts: Any) -> Any:
    """A field with facts: `stride: int = spec(default=1, at_least=1)`."""
    return Spec(default, facts)


@dataclass_transform(frozen_default=True, field_specifiers=(spec,))
class Record:
    """The base of frozen data; subclasses annotate their fields, in order, and may give defaults.

    class Point(Record):
        x: int
        y: int = 0

    Point(1) == Point(1, 0)      # True
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[Mapping[str, Any]] = {}
    _kinds: ClassVar[Mapping[str, str]] = {}
    _facts: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __init_subclass__(cls) -> None:
        annotations: dict[str, str] = vars(cls).get("__annotations__", {})
        own = {name: kind for name, kind in annotations.items() if not kind.startswith("ClassVar")}
        cls._fields = (*(name for name in cls._fields if name not in own), *own)
        cls._kinds = {**cls._kinds, **own}
        defaults, facts = dict(cls._defaults), dict(cls._facts)
        for name in own:
            value = cls.__dict__.get(name, REQUIRED)
            if isinstance(value, Spec):
                facts[name] = value.facts
                value = value.default
            if name in cls.__dict__:
                delattr(cls, name)
            if value is REQUIRED:
                defaults.pop(name, None)
            else:
                defaults[name] = value
        cls._defaults, cls._facts = defaults, facts

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = self._fields
        state = self.__dict__
        if named or len(values) != len(fields):
            if len(values) > len(fields):
                raise TypeError(f"{type(self).__name__} takes {len(fields)} values, and gets {len(values)}")
            state.update(self._defaults)
            for name in named:
                if name not in fields or name in fields[: len(values)]:
                    raise TypeError(f"{type(self).__name__} cannot take {name}")
            state.update(zip(fields, values, strict=False))
            state.update(named)
            missing = [name for name in fields if name not in state]
            if missing:
                raise TypeError(f"{type(self).__name__} needs {', '.join(missing)}")
        else:
            state.update(zip(fields, values, strict=True))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def values(self) -> dict[str, Any]:
        """The fields by name, in their order."""
        return {name: self.__dict__[name] for name in self._fields}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.values() == other.values()

    def __hash__(self) -> int:
        return hash((type(self), *self.values().values()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.values().items())
        return f"{type(self).__qualname__}({shown})"


class Entity(Record):
    """A record that is itself alone: two that look alike are two."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def replace(item: T, **changes: Any) -> T:
    """The same record (or dataclass) with some fields changed."""
    if isinstance(item, Record):
        return type(item)(**{**item.values(), **changes})
    made: T = dataclasses.replace(item, **changes)  # type: ignore[type-var]
    return made
