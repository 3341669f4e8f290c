"""A graph as text: what the compiler sees, and what tests compare."""

from __future__ import annotations

from typing import Any

from archdsl.graph.nodes import Apply, Call, Graph, Node, Value
from archdsl.source import visible


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
    for node in graph.nodes:
        if isinstance(node, Call) and node.graph not in bodies:
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
    rows: list[tuple[str, str]] = []
    names: dict[Node, str] = {}
    for entry in graph.inputs:
        names[entry] = entry.name
        rows.append((entry.name, str(entry.shape)))
    joins = 0
    for node in graph.nodes:
        if node.key is None:
            joins += 1
            names[node] = node.label or f"%{joins}"
        else:
            names[node] = node.key if node.shares is None else f"{node.key}'"
        shown = [_value(value, names) for value in node.inputs]
        if isinstance(node, Apply):
            shown += attributes(node.op)
            callee = node.op.name
        else:
            callee = bodies[node.graph]
        left = names[node] if node.label in (None, names[node]) else f"{names[node]} {node.label}"
        rows.append((f"{left} = {callee}({', '.join(shown)})", ", ".join(map(str, node.shapes))))
    width = max((len(left) for left, _ in rows), default=0)
    lines = [f"    {left:<{width}}  {shape}" for left, shape in rows]
    outputs = [
        f"    {name} <- {_value(value, names)}" for name, value in zip(graph.output_names, graph.outputs, strict=True)
    ]
    return "\n".join([f"{graph.kind} {bodies[graph]}" + (f"({arguments})" if arguments else ""), *lines, *outputs])


def _value(value: Value, names: dict[Node, str]) -> str:
    return names[value.node] + (f"[{value.index}]" if len(value.node.shapes) > 1 else "")


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


def call(node: Apply | Call) -> str:
    """What a node applies, as a spec would write it; what it would be anyway is left out.

    call(node)      # "conv(64, kernel=3, padding=1)"
    """
    if isinstance(node, Apply):
        return _call(node.op.name, [word.removeprefix(f"{_first(node.op)}=") for word in attributes(node.op)])
    graph = node.graph
    given = [(name, value) for name, value in graph.arguments if name not in graph.usual]
    first = graph.arguments[0][0] if graph.arguments else ""
    return _call(graph.name or "group", [literal(v) if n == first else f"{n}={literal(v)}" for n, v in given])


def arguments(node: Apply | Call) -> dict[str, str]:
    """All arguments of an op or a block by name, as a spec would write them.

    arguments(node)      # {"channels": "64", "kernel": "3", "stride": "1", …}
    """
    if isinstance(node, Call):
        return {name: literal(value) for name, value in node.graph.arguments}
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
