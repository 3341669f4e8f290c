"""Frozen data with named fields: what `dataclass(frozen=True)` gives, without compiling code for each class.

The package defines a few hundred small classes (problems, nodes of the tree, ops). Generating their methods would take
most of the time that `archdsl check` takes to start; a record's methods are shared and read its list of fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, dataclass_transform

Same = TypeVar("Same", bound="Record")
_set = object.__setattr__


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
    _otherwise: ClassVar[tuple[Any, ...]] = ()
    _fewest: ClassVar[int] = 0
    """How many values must be given by position where none is given by name."""
    _key_of: ClassVar[Any] = type
    """What tells a record from others of its class: all of its fields."""

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
        cls._otherwise = tuple([defaults.get(name) for name in cls._fields])
        cls._fewest = max((number for number, name in enumerate(cls._fields, 1) if name not in defaults), default=0)
        cls._key_of = attrgetter(*cls._fields) if cls._fields else type

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = self._fields
        count = len(values)
        if named or not self._fewest <= count <= len(fields):
            values = self._completed(values, named)
        elif count < len(fields):
            values += self._otherwise[count:]
        for name, value in zip(fields, values, strict=False):  # one by one: a dict of its own would double an instance
            _set(self, name, value)

    @classmethod
    def _completed(cls, values: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Any, ...]:
        """All values in the order of the fields."""
        fields = cls._fields
        if len(values) > len(fields):
            raise TypeError(f"{cls.__name__} takes {len(fields)} values, and gets {len(values)}")
        for name in named:
            if name not in fields or name in fields[: len(values)]:
                raise TypeError(f"{cls.__name__} cannot take {name}")
        given = {**cls._defaults, **dict(zip(fields, values, strict=False)), **named}
        if len(given) < len(fields):
            raise TypeError(f"{cls.__name__} needs {', '.join(name for name in fields if name not in given)}")
        return tuple([given[name] for name in fields])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def values(self) -> dict[str, Any]:
        """The fields by name, in their order."""
        return {name: getattr(self, name) for name in self._fields}

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self._key_of(self) == self._key_of(other))

    def __hash__(self) -> int:
        return hash((type(self), self._key_of(self)))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.values().items())
        return f"{type(self).__qualname__}({shown})"


class Entity(Record):
    """A record that is itself alone: two that look alike are two."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def replace(item: Same, **changes: Any) -> Same:
    """The same record with some fields changed."""
    return type(item)(*{**item.values(), **changes}.values())
