"""A class while it is written: its constructor, its `forward`, and the sizes that flow through both.

The constructor is a tree of lines; what a condition or a loop makes of a size becomes a variable there, but only if
something reads it. `forward` is text that grows statement by statement: an expression is nested while that reads well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from archdsl.backends.python.layout import WIDTH, Block, flat, lines
from archdsl.backends.python.literals import literal
from archdsl.backends.python.names import unique
from archdsl.backends.torch import calls
from archdsl.backends.torch.constructor import construction
from archdsl.backends.torch.names import TAKEN, first_free, is_keyword_argument, variable
from archdsl.backends.torch.translated.scope import Value
from archdsl.backends.torch.translated.symbolic import Free, In, Name, Own, Sym, Untranslatable, Var, parts, python

NESTED = 3
SHORT = 88

# ---- the constructor -------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Line:
    """A statement of the constructor: what it computes, and what stands around that."""

    prefix: str
    value: Any
    suffix: str = ""
    note: str = ""
    owner: dict[str, str] | None = None


@dataclass(eq=False)
class Entry:
    """A module that is put into a container: under its number (no key), a name, or a name that is computed.

    `owner` holds the name of a variable, where something asks the module for its width.
    """

    key: Any
    make: Any
    note: str = ""
    owner: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Nest:
    """Lines under a head: `if stride != 1:`. The head may look at what stands below."""

    head: Callable[[list[str]], str]
    items: list[Any] = field(default_factory=list)


@dataclass(eq=False)
class Either:
    """One of two bodies; where both construct the same, that stands once."""

    condition: Callable[[], str]
    opposite: Callable[[], str]
    then: list[Any]
    otherwise: list[Any]


@dataclass(eq=False)
class Slot:
    """A place for lines that are known later."""

    items: list[Any] = field(default_factory=list)


@dataclass
class Container:
    """An `nn.Sequential` that is filled: the class itself, or a variable."""

    path: str
    items: list[Any] = field(default_factory=list)


# ---- the class -------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Draft:
    """All that is known of a class so far."""

    name: str
    parameters: list[str]
    init: list[Any] = field(default_factory=list)
    body: list[Any] = field(default_factory=list)
    number: Any = 0
    keys: list[str] = field(default_factory=list)
    computed: list[str] = field(default_factory=list)
    used: list[In] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    saved: dict[str, str] = field(default_factory=dict)
    finals: list[str] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)
    named: dict[str, Value] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)
    held: list[Value] = field(default_factory=list)
    frames: list[list[Any]] = field(default_factory=list)
    pending: list[Value] = field(default_factory=list)
    own: set[str] = field(default_factory=set)
    init_flags: list[Any] = field(default_factory=list)
    flag_places: dict[str, Any] = field(default_factory=dict)
    subscripts: list[str] = field(default_factory=list)
    puts: list[tuple[str, int]] = field(default_factory=list)
    loop_depth: list[str] = field(default_factory=list)
    counters: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def local(self, wanted: str) -> str:
        """A new name for a variable of the constructor."""
        name = unique(variable(wanted, "size"), self.busy | TAKEN)
        self.busy.add(name)
        return name

    # ---- sizes

    def use(self, value: Any) -> Any:
        """Note that a value is written: what it reads gets a variable or an argument. Calls are looked into."""
        for part in _parts(value):
            if isinstance(part, Free):
                raise Untranslatable("the constructor needs a size that only the running network knows")
            if isinstance(part, In) and part not in self.used:
                self.used.append(part)
            if isinstance(part, Var):
                self._read(part)
            if isinstance(part, Own) and "path" not in part.entry.owner and "name" not in part.entry.owner:
                part.entry.owner["name"] = self.local("layer")
        return value

    def _read(self, var: Var) -> None:
        if not var.state.get("read"):
            var.state["read"] = True
            self.use(var.state.get("first"))
            if var.state.get("closed"):
                self.fill(var)

    def fill(self, var: Var) -> None:
        """Write the assignments that make a variable."""
        for slot, value in var.state["sources"]:
            self.use(value)
            slot.items.append(Line(f"{var.name} = ", value))

    def conflicts(self, name: str, dims: tuple[Any, ...]) -> bool:
        """Whether a name of a size is read by what is kept for later."""
        kept = [dim for value in (*self.held, *self.named.values()) for dim in value.dims]
        kept += [item for frame in self.frames for item in frame]
        found = (part for item in kept if not isinstance(item, Value) for part in _parts(item))
        return any(isinstance(part, In | Var) and part.name == name for part in found)

    # ---- forward

    def keeps(self, value: Value) -> bool:
        """Whether a value, or another of its name, is read later."""
        return any(kept is value or kept.code == value.code for kept in (*self.held, *self.named.values()))

    def settle(self, avoid: set[str] | None = None) -> None:
        """Give every waiting expression a variable."""
        waiting, self.pending = self.pending, []
        others = {word for value in waiting for word in re.findall(r"[A-Za-z_]\w*", value.code)}
        for value in waiting:
            self._assign(value, (avoid or set()) | others)
            self.held.append(value)  # its join is still to come, and lets go of it

    def flush(self, value: Value, avoid: set[str] | None = None) -> Value:
        """The value as a variable."""
        if value.depth:
            if value in self.pending:
                self.settle(avoid)
            else:
                self.settle(set(re.findall(r"[A-Za-z_]\w*", value.code)) | (avoid or set()))
                self._assign(value, avoid or set())
        return value

    def _assign(self, value: Value, avoid: set[str]) -> None:
        name = self.target(value, avoid)
        self.body.append(f"{name} = {value.code}")
        value.code, value.depth, value.infix, value.base = name, 0, False, name

    def target(self, value: Value, avoid: set[str]) -> str:
        """The variable for a value: its label if it is kept under it, the one it is made from if that is free."""
        taken = {kept.code for kept in (*self.held, *self.named.values()) if not kept.depth} | avoid | self.own
        if value.label and value.label in self.wanted:
            return unique(variable(value.label), taken | TAKEN)
        if value.base and value.base not in taken:
            return value.base
        return first_free(taken | TAKEN)

    def keep(self, sym: Any) -> str:
        """A value of the constructor as `forward` reads it: `self.depth`."""
        return python(self._kept(sym))

    def _kept(self, sym: Any) -> Any:
        from archdsl.record import replace

        if isinstance(sym, Var):
            sym = sym.same
        if isinstance(sym, Name | In):
            name = sym.text if isinstance(sym, Name) else sym.name
            if name in self.loops:
                return sym
            if name not in self.parameters and not isinstance(sym, In):
                raise Untranslatable(f"{name} is needed when the network runs")
            self.use(sym)
            if name not in self.saved:
                self.saved[name] = unique(name, {*self.keys, *self.saved.values()})
            self.asked.add(self.saved[name])
            return Name(f"self.{self.saved[name]}", sym.kind if isinstance(sym, Name) else "int")
        if isinstance(sym, Var | Own | Free):
            raise Untranslatable("a size that a condition or a loop makes is needed when the network runs")
        if isinstance(sym, tuple):
            return type(sym)(self._kept(item) for item in sym) if sym else sym
        if not isinstance(sym, Sym):
            return sym
        fields = {name: self._kept(part) for name, part in sym.values().items() if isinstance(part, Sym | tuple)}
        return replace(sym, **fields)


def _parts(value: Any) -> Iterator[Any]:
    """All symbolic values in an expression or in a call."""
    if isinstance(value, calls.Call):
        for arg in value.args:
            if not arg.omitted:
                yield from _parts(arg.value)
    elif isinstance(value, calls.Late):
        yield from _parts(value.call())
    elif isinstance(value, calls.Items):
        for item in value.items:
            yield from _parts(item)
    elif isinstance(value, Sym | tuple):
        yield from parts(value)


# ---- text ------------------------------------------------------------------------------------------------------------


def constructor(items: list[Any], indent: int, path: str = "self") -> Iterator[str]:
    """The lines of a constructor."""
    for item in items:
        if isinstance(item, Slot):
            yield from constructor(item.items, indent, path)
        elif isinstance(item, Nest):
            below = list(constructor(item.items, indent + 4, path))
            if below:
                yield from lines(item.head(below), indent)
                yield from below
        elif isinstance(item, Either):
            yield from _either(item, indent, path)
        elif isinstance(item, Entry):
            yield from _entry(item, path, indent)
        elif isinstance(item, Container):
            yield from constructor(item.items, indent, item.path)
        else:
            yield from _line(item, indent)


def _either(item: Either, indent: int, path: str) -> Iterator[str]:
    then = list(constructor(item.then, indent + 4, path))
    otherwise = list(constructor(item.otherwise, indent + 4, path))
    if then == otherwise:
        yield from constructor(item.then, indent, path)
    elif not then:
        yield from lines(f"if {item.opposite()}:", indent)
        yield from otherwise
    else:
        yield from lines(f"if {item.condition()}:", indent)
        yield from then
        if otherwise:
            yield f"{' ' * indent}else:"
            yield from otherwise


def _line(item: Line, indent: int) -> Iterator[str]:
    value = item.value
    if item.owner and "name" in item.owner:
        yield from lines(construction(value, {}), indent, prefix=f"{item.owner['name']} = ")
        yield f"{' ' * indent}{item.prefix}{item.owner['name']}"
        return
    if isinstance(value, str):
        yield from lines(value, indent, prefix=item.prefix, suffix=item.suffix)
        return
    if isinstance(value, calls.Name):
        yield from lines(value.text, indent, prefix=item.prefix, suffix=item.suffix)
        return
    if isinstance(value, calls.Call | calls.Late):
        yield from lines(construction(value, {}), indent, prefix=item.prefix, suffix=item.suffix, note=item.note)
        return
    shown = python(value)
    target = item.prefix.removesuffix(" = ")
    if shown == target:
        return
    augmented = re.match(rf"{re.escape(target)} ([+*/-]|//) (.*)$", shown)
    if augmented and item.prefix.endswith(" = ") and getattr(value, "operator", "") == augmented[1]:
        rest = augmented[2]
        bare = rest[1:-1] if rest.startswith("(") and rest.count("(") == 1 and rest.endswith(")") else rest
        yield from lines(bare, indent, prefix=f"{target} {augmented[1]}= ")
        return
    yield from lines(shown, indent, prefix=item.prefix, suffix=item.suffix)


def _entry(entry: Entry, path: str, indent: int) -> Iterator[str]:
    make = construction(entry.make, {})
    if "name" in entry.owner:
        yield from lines(make, indent, prefix=f"{entry.owner['name']} = ")
        make = entry.owner["name"]
    if entry.key is None:
        yield from _call(f"{path}.append(", [make], indent)
        return
    key = literal(entry.key) if isinstance(entry.key, str) else entry.key.text
    if path == "self" and isinstance(entry.key, str) and is_keyword_argument(entry.key):
        yield from lines(make, indent, prefix=f"self.{entry.key} = ")
    else:
        yield from _call(f"{path}.add_module(", [key, make], indent)


def _call(head: str, items: list[Any], indent: int) -> Iterator[str]:
    """A call of a container, broken as the formatter does where it is long."""
    text = f"{head}{', '.join(map(flat, items))})"
    if len(text) + indent <= WIDTH and all(isinstance(item, str) for item in items):
        yield f"{' ' * indent}{text}"
        return
    last = [items[-1]] if len(items) == 1 else items
    yield from lines(Block(head, tuple((item, "") for item in last)), indent)


def statements(items: list[Any], indent: int) -> Iterator[str]:
    """The lines of `forward`."""
    for item in items:
        if isinstance(item, Nest):
            below = list(statements(item.items, indent + 4))
            if below:
                yield from lines(item.head(below), indent)
                yield from below
        else:
            target, symbol, value = item.partition(" = ") if re.match(r"[\w, :]+ = ", item) else ("", "", item)
            yield from lines(value, indent, prefix=f"{target}{symbol}")
