"""A graph as text: what the compiler sees, and what tests compare."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from archdsl.graph.nodes import Apply, Call, Graph, Repeat, Step, Value
from archdsl.source import visible

SHORT = 3
"""As many stages of a repetition are named where it is told in a line."""


def text(graph: Graph) -> str:
    """The graph and the blocks that it calls, each once, in the order of their first call.

    network LeNet
        image                                      [N, 1, 28, 28]
        0 = conv(image, channels=6, kernel=[5, 5])     [N, 6, 24, 24]
        …
        out = 0
    """
    bodies = {graph: graph.name or "group"}
    _collect(graph, bodies)
    return "\n\n".join(_body(body, bodies) for body in bodies)


def _collect(graph: Graph, bodies: dict[Graph, str]) -> None:
    for node in graph.steps:
        if isinstance(node, Repeat):
            _collect(node.graph, bodies)
        elif isinstance(node, Call) and node.graph not in bodies:
            taken = set(bodies.values())
            name = node.graph.name or node.key
            bodies[node.graph] = name if name not in taken else _fresh(name, taken)
            _collect(node.graph, bodies)


def _fresh(name: str, taken: set[str]) -> str:
    count = 2
    while f"{name}#{count}" in taken:
        count += 1
    return f"{name}#{count}"


def _body(graph: Graph, bodies: dict[Graph, str]) -> str:
    arguments = ", ".join(f"{name}={literal(value)}" for name, value in graph.arguments)
    names = {Value(entry): entry.name for entry in graph.inputs}
    rows = [(entry.name, str(entry.shape)) for entry in graph.inputs]
    rows += _steps(graph, names, bodies, count(1))
    width = max((len(left) for left, shape in rows if shape), default=0)
    lines = [f"    {left:<{width}}  {shape}".rstrip() for left, shape in rows]
    outputs = [f"    {name} <- {names[value]}" for name, value in zip(graph.output_names, graph.outputs, strict=True)]
    return "\n".join([f"{graph.kind} {bodies[graph]}" + (f"({arguments})" if arguments else ""), *lines, *outputs])


def _steps(
    graph: Graph, names: dict[Value, str], bodies: dict[Graph, str], joins: Iterator[int]
) -> Iterator[tuple[str, str]]:
    """The rows of a body, each with its shape; `names` are those of values so far."""
    for node in graph.steps:
        if isinstance(node, Repeat):
            yield from _repeat(node, names, bodies, joins)
            continue
        if node.key is None:
            name = node.label or f"%{next(joins)}"
        else:
            name = node.key if node.shares is None else f"{node.key}'"
        shown = [names[value] for value in node.inputs]
        if isinstance(node, Apply):
            shown += attributes(node.op)
            callee = node.op.name
        else:
            callee = bodies[node.graph]
        left = name if node.label in (None, name) else f"{name} {node.label}"
        yield f"{left} = {callee}({', '.join(shown)})", ", ".join(map(str, node.shapes))
        many = len(node.shapes) > 1
        names.update((Value(node, i), f"{name}[{i}]" if many else name) for i in range(len(node.shapes)))


def _repeat(
    node: Repeat, names: dict[Value, str], bodies: dict[Graph, str], joins: Iterator[int]
) -> Iterator[tuple[str, str]]:
    """The rows of a repetition: its layers as the first pass has them. Inside, `in` is what a pass takes."""
    taken, *others = zip(node.graph.inputs, node.inputs, strict=True)
    inside = {Value(entry): names[value] for entry, value in others}
    inside[Value(taken[0])] = "in"
    yield f"repeat {node.count} from {names[taken[1]]} {{", ""
    yield from ((f"    {left}", shape) for left, shape in _steps(node.graph, inside, bodies, joins))
    left = inside[node.graph.outputs[0]]
    yield f"}} with {left}", ""
    names[Value(node)] = last_key(node, left) if left.isdecimal() else f"{left} of the last pass"


def last_key(node: Repeat, inner: str) -> str:
    """The key that a layer of a repetition's body has in the last pass."""
    return str(int(inner) + (node.count - 1) * node.stride)


def attributes(op: Any) -> list[str]:
    """The attributes of an op that differ from their defaults; sizes that are the same along all axes once."""
    attributes = op.attributes()
    shown = {name: _collapsed(value, attributes[name].kind) for name, value in op.values().items()}
    return [f"{name}={literal(value)}" for name, value in shown.items() if value != attributes[name].default]


def _collapsed(value: Any, kind: str) -> Any:
    """A size along each axis, or a list of one, as one number."""
    if not isinstance(value, tuple) or not value:
        return value
    is_one = len(value) == 1 or (kind.startswith("Size") and len(set(value)) == 1)
    return value[0] if is_one else value


def call(node: Step) -> str:
    """What a node applies, as a spec would write it; what it would be anyway is left out.

    call(node)      # "conv(64, kernel=3, padding=1)"
    """
    if isinstance(node, Apply):
        return _call(node.op.name, [word.removeprefix(f"{_first(node.op)}=") for word in attributes(node.op)])
    graph = node.graph
    if isinstance(node, Repeat):
        held = " -> ".join(map(call, graph.steps)) if len(graph.steps) <= SHORT else f"{graph.size} layers"
        return f"repeat {node.count} {{ {held} }}"
    given = [(name, value) for name, value in graph.arguments if name not in graph.usual]
    first = graph.arguments[0][0] if graph.arguments else ""
    return _call(graph.name or "group", [literal(v) if n == first else f"{n}={literal(v)}" for n, v in given])


def arguments(node: Step) -> dict[str, str]:
    """All arguments of an op or a block by name, as a spec would write them.

    arguments(node)      # {"channels": "64", "kernel": "3", "stride": "1", …}
    """
    if isinstance(node, Call):
        return {name: literal(value) for name, value in node.graph.arguments}
    if isinstance(node, Repeat):
        return {"count": str(node.count)}
    known = node.op.attributes()
    return {name: literal(_collapsed(value, known[name].kind)) for name, value in node.op.values().items()}


def _first(op: Any) -> str:
    return next(iter(op.attributes()), "")


def _call(name: str, arguments: list[str]) -> str:
    return f"{name}({', '.join(arguments)})" if arguments else name


def literal(value: Any) -> str:
    """A constant as a spec would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{visible(escaped)}"'
    return "none" if value is None else str(value)
