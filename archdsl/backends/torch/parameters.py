"""The parameters of a class: which numbers its constructor takes, what they are called, and how the others follow.

Given one value for each instance, a number is, in this order: an argument of the block, the channels that come in, a
simple expression of these (`4 * channels`, `channels // 2`, `in_channels + growth`), or a parameter of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archdsl.backends.python.literals import literal
from archdsl.backends.python.names import unique
from archdsl.backends.torch.calls import REQUIRED, Absent, Late, Passes, Varying, typed
from archdsl.backends.torch.formulas import Base, formula
from archdsl.backends.torch.names import variable
from archdsl.graph.nodes import Graph

COUNT = "count"
"""The argument that says how often something is passed."""

PRESENT = "present"
"""The argument that says whether a layer is there."""

INCOMING = ("in_channels", "in_features")
"""What a constructor calls the width of what comes in: an image's, and a vector's."""

WIDTHS = frozenset(("in_channels", "out_channels", "num_features", "in_features", "out_features"))
"""Arguments of layers that follow from the width of a block."""

FACTORS = (2, 3, 4, 5, 6, 8, 16)


@dataclass(frozen=True)
class Parameter:
    """One argument of a constructor: its name, and its value in each instance; `leads` says that it goes by position.

    `default` is the one that the block has for it, where some instance leaves it at that.
    """

    name: str
    values: tuple[Any, ...]
    leads: bool
    default: Any = REQUIRED

    @property
    def declaration(self) -> str:
        """The argument as a constructor declares it: `stride: int = 1`."""
        default = "" if self.default is REQUIRED else f" = {literal(self.default)}"
        return f"{self.name}: {self.annotation}{default}"

    @property
    def annotation(self) -> str:
        """The type that all values have."""
        kinds = list(dict.fromkeys(map(_annotation, self.values)))
        if set(kinds) == {"int", "float"}:
            return "float"
        if len(kinds) > 1 and all(kind.startswith("tuple[int") for kind in kinds):
            return "tuple[int, ...]"
        return " | ".join(sorted(kinds, key=lambda kind: kind == "None"))


def parameters(
    graphs: Sequence[Graph], slots: Sequence[tuple[str, str, Varying | Passes]], taken: frozenset[str]
) -> tuple[list[Parameter], Names]:
    """The parameters of a class and the expression for each varying value.

    A slot is the key of its layer, the name of the argument there, and its values. The result tells for values, by
    `typed`, how the constructor writes them; in a repetition, `i` is the number of the pass. `taken` are names that
    mean something else in the file.
    """
    names: dict[Any, str] = {}
    chosen: dict[str, tuple[Any, ...]] = {}
    given, whole = _given(graphs, taken)
    formulas = {slot.key: formula(slot, given) for _, _, slot in slots if isinstance(slot, Passes)}
    single: list[tuple[str, str, Varying]] = []
    for key, argument, slot in slots:
        parts = formulas[slot.key].parts if isinstance(slot, Passes) else (slot.values,)
        single += [(key, argument, Varying(part)) for part in parts if len(set(map(typed, part))) > 1]
    waiting = []
    for key, argument, slot in single:
        known = [*given, *_lengths(given)] if argument == COUNT else given
        settled = None if argument in WIDTHS else _constant(slot.values)
        if settled is not None:
            known = [base for base in given if base.text == argument]
        base = next((b for b in known if _fits(b.values, slot.values)), None)
        if base is None and settled is not None:
            names.setdefault(typed(slot.values), settled)
            continue
        if base is None:
            waiting.append((key, argument, slot))
            continue
        names.setdefault(typed(slot.values), base.text)
        chosen[base.parameter] = whole[base.parameter]
    usual = _usual(graphs, whole)
    for key, argument, slot in waiting:
        if typed(slot.values) in names:
            continue
        known = sorted(given, key=lambda base: base.parameter not in chosen)
        if argument == PRESENT:
            found = next(_conditions(known, slot.values, graphs, usual), None)
        else:
            found = next(_expressions(*_where_present(known, slot.values), argument), None)
        if found is not None:
            names[typed(slot.values)] = found[0]
            chosen.update((base.parameter, whole[base.parameter]) for base in found[1])
            continue
        settled = _constant(slot.values)
        if settled is not None:
            names[typed(slot.values)] = settled
            continue
        name = variable(key if argument == PRESENT else argument, "size")
        if name in whole or name in taken:
            name = unique(variable(f"{key}_{argument}", name), {*whole, *taken})
        names[typed(slot.values)] = name
        values = _filled(slot.values)
        given.append(Base(name, name, values))
        whole[name] = chosen[name] = values
        if argument == PRESENT:
            usual[name] = False
    for key, found_formula in formulas.items():
        names[key] = found_formula.text([names.get(typed(part)) or literal(part[0]) for part in found_formula.parts])
    order = [name for name in whole if name in chosen]
    leading = order[: 2 if order and order[0] in INCOMING else 1]
    made = []
    for name in order:
        leads = name in leading and _is_size(chosen[name])
        made.append(Parameter(name, chosen[name], leads, REQUIRED if leads else usual.get(name, REQUIRED)))
    return sorted(made, key=lambda parameter: parameter.default is not REQUIRED), names


Names = Mapping[Any, str]


def _given(graphs: Sequence[Graph], taken: frozenset[str]) -> tuple[list[Base], dict[str, tuple[Any, ...]]]:
    """What each instance is given: the readable parts, and the parameters as wholes in the order of a constructor."""
    incoming = _incoming(graphs)
    arguments: list[Base] = []
    whole = {base.parameter: base.values for base in incoming}
    for name in (name for name, _ in graphs[0].arguments):
        values = tuple(_plain(dict(graph.arguments).get(name)) for graph in graphs)
        safe = unique(variable(name, "size"), {*whole, *taken})
        if not all(map(_is_constant, values)):
            continue
        whole[safe] = values
        arguments.append(Base(safe, safe, values))
        if all(isinstance(value, tuple) for value in values):
            for index in range(min(map(len, values))):
                arguments.append(Base(f"{safe}[{index}]", safe, tuple(value[index] for value in values)))
    return arguments + incoming, whole


def _usual(graphs: Sequence[Graph], whole: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    """The defaults of the block's own parameters, as far as an instance has them."""
    arguments = {variable(name, "size"): name for name, _ in graphs[0].arguments}
    found = {}
    for name, values in whole.items():
        kept = (value for graph, value in zip(graphs, values, strict=True) if arguments.get(name) in graph.usual)
        found[name] = next(kept, REQUIRED)
    return found


def _lengths(given: Sequence[Base]) -> Iterator[Base]:
    """How long the lists are that the class is given."""
    for base in given:
        if base.text == base.parameter and all(isinstance(value, tuple) for value in base.values):
            yield Base(f"len({base.text})", base.parameter, tuple(map(len, base.values)))


def _incoming(graphs: Sequence[Graph]) -> list[Base]:
    """The channels, or the features, of the first input."""
    shapes = [graph.inputs[0].shape for graph in graphs if graph.inputs]
    if len(shapes) < len(graphs) or any(shape.rank < 2 for shape in shapes):
        return []
    name, axis = (INCOMING[0], 1) if shapes[0].rank > 2 else (INCOMING[1], -1)
    values = tuple(shape.dims[axis] for shape in shapes)
    return [Base(name, name, values)] if all(isinstance(value, int) for value in values) else []


def _fits(values: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    """Whether values are those that are wanted, wherever something is."""
    return all(isinstance(b, Absent) or typed(a) == typed(b) for a, b in zip(values, wanted, strict=True))


def _where_present(bases: Sequence[Base], values: tuple[Any, ...]) -> tuple[list[Base], tuple[Any, ...]]:
    """The bases and the values of those instances that have one."""
    kept = [index for index, value in enumerate(values) if not isinstance(value, Absent)]
    here = [Base(base.text, base.parameter, tuple(base.values[index] for index in kept)) for base in bases]
    return here, tuple(values[index] for index in kept)


def _constant(values: tuple[Any, ...]) -> str | None:
    """The one value of all instances that have any, where some have none."""
    present = [value for value in values if not isinstance(value, Absent)]
    same = len(present) < len(values) and all(typed(value) == typed(present[0]) for value in present)
    return literal(present[0]) if same and _is_constant(present[0]) else None


def _filled(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values with any of them in the places where none is needed."""
    some = next(value for value in values if not isinstance(value, Absent))
    return tuple(some if isinstance(value, Absent) else value for value in values)


def _conditions(
    bases: Sequence[Base], present: tuple[bool, ...], graphs: Sequence[Graph], usual: Mapping[str, Any]
) -> Iterator[tuple[str, list[Base]]]:
    """When instances have a layer: if what comes in is not as wide as what leaves, or an argument is not as usual."""
    integers = [base for base in bases if all(type(value) is int for value in base.values)]
    leaving = [graph.outputs[0].shape.dims[1:2] for graph in graphs]
    for a in (base for base in integers if base.text in INCOMING):
        for b in (base for base in integers if base is not a):
            for factor in (1, *FACTORS):
                is_width = all((factor * value,) == width for value, width in zip(b.values, leaving, strict=True))
                if is_width and present == tuple(p != factor * q for p, q in zip(a.values, b.values, strict=True)):
                    yield f"{a.text} != {b.text}" if factor == 1 else f"{a.text} != {factor} * {b.text}", [a, b]
    for base in integers:
        if base.text in usual and present == tuple(value != usual[base.text] for value in base.values):
            yield f"{base.text} != {literal(usual[base.text])}", [base]


def _expressions(bases: Sequence[Base], values: tuple[Any, ...], argument: str) -> Iterator[tuple[str, list[Base]]]:
    """Expressions that give the values, simplest first, each with what it reads."""
    if not all(type(value) is int for value in values):
        return
    integers = [base for base in bases if all(type(value) is int for value in base.values)]
    numbers = [base for base in integers if len(set(base.values)) > 1]
    for base in numbers:
        for factor in FACTORS:
            if all(factor * b == v for b, v in zip(base.values, values, strict=True)):
                yield f"{factor} * {base.text}", [base]
            if all(factor * v == b for b, v in zip(base.values, values, strict=True)):
                yield f"{base.text} // {factor}", [base]
    for base in numbers:
        if argument == "padding" and all(b // 2 == v for b, v in zip(base.values, values, strict=True)):
            yield f"{base.text} // 2", [base]
        step = values[0] - base.values[0]
        if all(v - b == step for b, v in zip(base.values, values, strict=True)):
            yield f"{base.text} {'-' if step < 0 else '+'} {abs(step)}", [base]
    for index, a in enumerate(numbers):
        for b in numbers[index + 1 :]:
            yield from _pairs(a, b, values)


def _pairs(a: Base, b: Base, values: tuple[int, ...]) -> Iterator[tuple[str, list[Base]]]:
    """Sums and products of two numbers, and a number with a multiple of another."""
    rows = list(zip(a.values, b.values, values, strict=True))
    if all(p + q == v for p, q, v in rows):
        yield f"{a.text} + {b.text}", [a, b]
    if all(p * q == v for p, q, v in rows):
        yield f"{a.text} * {b.text}", [a, b]
    if len({(p, q) for p, q, _ in rows}) < 3:
        return  # two instances agree with too much by chance
    if all(p - q == v for p, q, v in rows):
        yield f"{a.text} - {b.text}", [a, b]
    if all(q - p == v for p, q, v in rows):
        yield f"{b.text} - {a.text}", [a, b]
    for factor in FACTORS:
        if all(p + factor * q == v for p, q, v in rows):
            yield f"{a.text} + {factor} * {b.text}", [a, b]
        if all(factor * p + q == v for p, q, v in rows):
            yield f"{factor} * {a.text} + {b.text}", [a, b]


def _is_size(values: tuple[Any, ...]) -> bool:
    """Whether a reader takes values for sizes without being told; flags and rates are passed by name."""
    return not any(isinstance(value, bool | float | str) or value is None for value in values)


def _plain(value: Any) -> Any:
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def _is_constant(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(map(_is_constant, value))
    return value is None or isinstance(value, bool | int | float | str)


def _annotation(value: Any) -> str:
    if isinstance(value, Late):
        return "nn.Module"
    if isinstance(value, tuple):
        kinds = [_annotation(item) for item in value]
        return f"tuple[{kinds[0]}, ...]" if len(kinds) > 4 and len(set(kinds)) == 1 else f"tuple[{', '.join(kinds)}]"
    return "None" if value is None else type(value).__name__
