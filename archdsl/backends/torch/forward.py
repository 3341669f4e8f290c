"""The body of `forward`: one statement after the other, top-down, every value computed once.

    x = F.relu(self.bn1(self.conv1(image)))  # [N, 64, 112, 112]
    x = F.max_pool2d(x, 3, stride=2, padding=1)  # [N, 64, 56, 56]

A value that is used once stays an expression while that reads well: layers nest up to three deep, an activation closes
the statement, the arms of a join that are one call each stand in it: `torch.cat([self.a(x), self.b(x)], dim=1)`. A
variable is given away again once its value is used up; values with several uses bear the spec's names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archdsl.backends.python.layout import STEP, lines, sums
from archdsl.backends.python.names import unique
from archdsl.backends.torch import calls
from archdsl.backends.torch.constructor import Made, common_note, is_parameter
from archdsl.backends.torch.names import first_free, variable
from archdsl.backends.torch.rules import lower
from archdsl.graph.nodes import Apply, Call, Pieces, Value

INDENT = 8
NESTED = 3
SHORT = 88


@dataclass(frozen=True)
class _Expr:
    """An expression that waits for its statement: how deep its calls nest, and what mypy knows of its type.

    It is a tensor if all variables in `needs` are; None says that mypy takes it for anything, as it does with the
    result of a module. `plain` says that it consists of layers alone, so that another layer may be applied to it.
    """

    text: str
    depth: int
    plain: bool
    needs: tuple[str, ...] | None
    reads: tuple[Value, ...]
    infix: bool = False
    activation: bool = False
    note: str = ""


@dataclass
class _Statement:
    target: str
    text: str
    note: str = ""
    annotated: bool = False
    symbol: str = "="


@dataclass
class _Writer:
    """The statements so far, which value each variable holds, and how often values are still to be used.

    `waiting` is the last expression, `arms` those before it that wait for their join; `readers` are the nodes that read
    what is used once.
    """

    made: Made
    uses: Counter[Value]
    taken: frozenset[str]
    indent: int
    statements: list[_Statement] = field(default_factory=list)
    holds: dict[str, Value] = field(default_factory=dict)
    variables: dict[Value, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    typed: dict[str, bool] = field(default_factory=dict)
    first: dict[str, _Statement] = field(default_factory=dict)
    loose: set[str] = field(default_factory=set)
    waiting: tuple[Value, _Expr] | None = None
    arms: dict[Value, _Expr] = field(default_factory=dict)
    readers: dict[Value, Apply | Call] = field(default_factory=dict)


def arguments(made: Made, taken: frozenset[str]) -> list[str]:
    """The names of the inputs of `forward`."""
    graph = made.family.first
    if graph.kind != "network" and len(graph.inputs) == 1:
        return ["x"]
    names: list[str] = []
    for node in graph.inputs:
        wanted = "x" if node.name == "in" else variable(node.name)
        names.append(unique(wanted, {*names, *taken}))
    return names


def forward(made: Made, taken: frozenset[str], results: str | None) -> Iterator[str]:
    """The lines of the body; `results` is the named tuple that several outputs make, None for a plain one.

    What runs in pieces is a method of its own, whose lines `early_forward` gives.
    """
    graph = made.family.first
    start = graph.pieces.nodes if graph.pieces else 0
    writer = _written(made, taken, INDENT, graph.nodes[start:], graph.outputs)
    yield from _return(writer, [_origin(made, value) for value in graph.outputs], results)


def early_forward(made: Made, taken: frozenset[str]) -> Iterator[str]:
    """The lines of the part that runs in pieces."""
    graph = made.family.first
    assert graph.pieces
    nodes = graph.nodes[: graph.pieces.nodes]
    output = Value(nodes[-1])
    writer = _written(made, taken, INDENT, nodes, (output,))
    yield from _return(writer, [_origin(made, output)], None)


def early_method(made: Made) -> str | None:
    """The name of the method for what runs in pieces; None where that is one module, or some layers of it."""
    graph = made.family.first
    if graph.pieces is None or _early_module(made):
        return None
    return unique("early", {node.key or "" for node in graph.nodes})


def early_layers(made: Made) -> str:
    """What runs in pieces, as an expression."""
    method = early_method(made)
    return f"self.{method}" if method else f"{_early_module(made)}{_first_layers(made)}"


def _early_module(made: Made) -> str:
    """The one module that runs in pieces; empty where it is not just one."""
    graph = made.family.first
    assert graph.pieces
    early = [node for node in graph.nodes[: graph.pieces.nodes] if not _passes(made, node)]
    is_one = len(early) == 1 and (isinstance(early[0], Call) or lower(early[0]).is_called)
    return made.targets.get(early[0], "") if is_one else ""


def _first_layers(made: Made) -> str:
    """`[:24]` where only so many layers of the module run in pieces."""
    pieces = made.family.first.pieces
    if pieces is None or pieces.within is None:
        return ""
    module = made.modules.get(made.family.first.nodes[pieces.nodes - 1])
    is_chain = isinstance(module, calls.Call) and module.callee == "nn.Sequential"
    return f"[:{pieces.within}]" if is_chain else ""


def passed(made: Made, taken: frozenset[str], carried: str) -> Iterator[str]:
    """The lines of a loop over the layers: the body of one pass, which leaves its result in `carried`."""
    graph = made.family.first
    writer = _written(made, taken | {"layer"}, INDENT + STEP, graph.nodes, graph.outputs)
    (output,) = (_origin(made, value) for value in graph.outputs)
    text = writer.waiting[1].text if writer.waiting else writer.variables[output]
    yield from _statements(writer)
    yield from lines(text, writer.indent, prefix=f"{carried} = ")


def _written(
    made: Made, taken: frozenset[str], indent: int, nodes: Sequence[Apply | Call], outputs: Sequence[Value]
) -> _Writer:
    """The statements of a body, or of a part of it; the last expression may still wait."""
    graph = made.family.first
    live = _live(outputs).intersection(nodes)
    uses = Counter(_origin(made, value) for node in live for value in node.inputs if not _passes(made, node))
    uses.update(_origin(made, value) for value in outputs)
    writer = _Writer(made, uses, taken, indent)
    for node in live:
        values = (_origin(made, value) for value in node.inputs)
        writer.readers.update((value, node) for value in values if uses[value] == 1 and not _passes(made, node))
    for entry, name in zip(graph.inputs, arguments(made, taken), strict=True):
        _hold(writer, Value(entry), name)
        writer.typed[name] = True
        if graph.kind == "network":
            writer.kept.add(name)
    if graph.pieces and graph.nodes[0] not in nodes:
        _run_in_pieces(writer, graph.pieces)
    for index, node in enumerate(graph.nodes):
        if node in live and not _passes(made, node):
            _step(writer, node, "" if made.stretches else common_note(made.family, index))
    return writer


def _run_in_pieces(writer: _Writer, pieces: Pieces) -> None:
    """The part of a network that is a method of its own, as an expression that waits."""
    made = writer.made
    node = made.family.first.nodes[pieces.nodes - 1]
    value = _origin(made, Value(node))
    ((given, entry),) = writer.holds.items()
    text = f"in_pieces({early_layers(made)}, {given}, {pieces.growth})"
    expr = _Expr(text, NESTED, False, (), (entry,), note=str(value.shape))
    if pieces.within and isinstance(node, Call) and _first_layers(made):
        name = first_free({*writer.holds, *writer.taken})
        _assign(writer, name, text, (), str(node.graph.nodes[pieces.within - 1].shapes[0]))
        rest = f"{made.targets[node]}[{pieces.within}:]({name})"
        expr = _Expr(rest, NESTED, False, None, (), note=str(value.shape))
    writer.waiting = (value, expr)
    if writer.uses[value] > 1:
        _flush(writer)


def _live(outputs: Sequence[Value]) -> set[Apply | Call]:
    """The nodes that an output needs."""
    found: set[Apply | Call] = set()
    todo = [value.node for value in outputs]
    while todo:
        node = todo.pop()
        if isinstance(node, Apply | Call) and node not in found:
            found.add(node)
            todo += [value.node for value in node.inputs]
    return found


def _passes(made: Made, node: Apply | Call) -> bool:
    """Whether a node hands on its input as it is, and needs no statement."""
    return isinstance(node, Apply) and _owner(node) not in made.modules and lower(node).run == calls.X


def _origin(made: Made, value: Value) -> Value:
    while isinstance(value.node, Apply | Call) and _passes(made, value.node):
        value = value.node.inputs[0]
    return value


def _owner(node: Apply | Call) -> Apply | Call:
    return node if node.shares is None else _owner(node.shares)


def _step(writer: _Writer, node: Apply | Call, note: str) -> None:
    """Take one node into the program: as an expression that waits, or as a statement."""
    inputs = [_origin(writer.made, value) for value in node.inputs]
    run = lower(node).run if isinstance(node, Apply) else None
    if isinstance(run, calls.Augmented):
        _augment(writer, node, run.symbol, inputs, note)
        return
    if writer.waiting is not None and not _nests(writer, node, inputs, writer.waiting):
        if _is_arm(writer, node, *writer.waiting):
            writer.arms.update([writer.waiting])
            writer.waiting = None
        else:
            _flush(writer)
    if writer.arms and _is_join(writer, node) and not _stand_in(writer, inputs):
        _flush(writer)
    expr = _expression(writer, node, inputs, note)
    results = [Value(node, index) for index in range(len(node.shapes))]
    if len(results) > 1:
        _unpack(writer, node, results, expr)
        return
    writer.waiting = (results[0], expr)
    if writer.uses[results[0]] > 1:
        _flush(writer)


def _nests(writer: _Writer, node: Apply | Call, inputs: list[Value], waiting: tuple[Value, _Expr]) -> bool:
    """Whether the waiting expression reads well as an operand of the node."""
    value, expr = waiting
    if inputs.count(value) != 1 or isinstance(node, Call):
        return False
    run = None if _owner(node) in writer.made.modules else lower(node).run
    if _is_join(writer, node):
        return expr.depth <= 1 and not expr.infix and len(expr.text) + 8 * len(inputs) < SHORT
    if len(inputs) != 1 or expr.depth >= NESTED or len(expr.text) > SHORT:
        return False
    if run is None:
        return (expr.plain or expr.activation) and lower(node).is_called
    return _takes_one(run)


def _is_join(writer: _Writer, node: Apply | Call) -> bool:
    """Whether a node is a sum, a product or a list of several values."""
    if isinstance(node, Call) or _owner(node) in writer.made.modules:
        return False
    run = lower(node).run
    return isinstance(run, calls.Infix) or (
        isinstance(run, calls.Call) and any(isinstance(arg.value, calls.Items) for arg in run.args)
    )


def _is_arm(writer: _Writer, node: Apply | Call, value: Value, expr: _Expr) -> bool:
    """Whether an expression may wait for a join, since everything from the next node on leads there too."""
    join = writer.readers.get(value)
    if join is None or not _is_join(writer, join) or expr.depth > 1 or expr.infix:
        return False
    current: Apply | Call | None = node
    while current is not None and current is not join:
        current = writer.readers.get(Value(current)) if len(current.shapes) == 1 else None
    return current is join and node is not join


def _stand_in(writer: _Writer, inputs: list[Value]) -> bool:
    """Whether the expressions that wait for a join fit into it, in the order in which they are computed."""
    waiting = [*writer.arms.items(), *([writer.waiting] if writer.waiting else [])]
    order = [inputs.index(value) for value, _ in waiting if inputs.count(value) == 1]
    length = sum(len(expr.text) for _, expr in waiting) + 3 * len(inputs)
    return len(order) == len(waiting) and order == sorted(order) and length < SHORT


def _takes_one(run: object) -> bool:
    """Whether a call is written with one argument alone, or says besides that it is done in place."""
    return isinstance(run, calls.Call) and sum(not arg.omitted and arg.name != "inplace" for arg in run.args) == 1


def _expression(writer: _Writer, node: Apply | Call, inputs: list[Value], note: str) -> _Expr:
    """The node as an expression over variables, and over what waits."""
    texts: list[str] = []
    reads: list[Value] = []
    depth, plain = 0, True
    needs: tuple[str, ...] | None = ()
    for value in inputs:
        inner = _taken(writer, value)
        if inner is not None:
            texts.append(inner.text)
            depth, plain = max(depth, inner.depth), inner.plain
            reads += inner.reads
            needs = None if needs is None or inner.needs is None else (*needs, *inner.needs)
            note = note or inner.note
        else:
            texts.append(writer.variables[value])
            reads.append(value)
            needs = None if needs is None else (*needs, texts[-1])
    owner = _owner(node)
    if isinstance(node, Call) or owner in writer.made.modules:
        module = writer.made.targets[owner]
        use = lower(node).use if isinstance(node, Apply) else None
        text = f"{module}({', '.join(texts)})" if use is None else calls.text(use, texts, module)
        typed = is_parameter(writer.made.modules[owner]) and module.startswith("self.")
        known = needs if typed else None
        return _Expr(text, depth + 1, plain and isinstance(node, Apply), known, tuple(reads), note=note)
    run = lower(node).run
    assert run is not None, f"{node.op.name} has no form without a module"
    if isinstance(run, calls.Infix):
        total = f" {run.symbol} ".join(_split_sum(writer, run.symbol, texts))
        return _Expr(total, depth, False, needs, tuple(reads), infix=True, note=note)
    result = () if isinstance(run, calls.Call) else needs  # a method gives a tensor if it is one's
    activation = depth == 0 and _takes_one(run)
    return _Expr(calls.text(run, texts), depth + 1, False, result, tuple(reads), activation=activation, note=note)


def _taken(writer: _Writer, value: Value) -> _Expr | None:
    """The expression for a value, if it is one that waits: it waits no longer."""
    if writer.waiting is not None and writer.waiting[0] == value:
        inner, writer.waiting = writer.waiting[1], None
        return inner
    return writer.arms.pop(value, None)


def _split_sum(writer: _Writer, symbol: str, texts: list[str]) -> list[str]:
    """The operands of a sum that fits into a line; the first ones of a longer sum become statements of their own."""
    groups = list(sums(texts, symbol, SHORT))
    if len(groups) == 1:
        return texts
    total = unique("total", {*writer.holds, *writer.taken})
    for index, group in enumerate(groups[:-1]):
        _assign(writer, total, f" {symbol} ".join([total, *group] if index else group), None)
    return [total, *groups[-1]]


def _flush(writer: _Writer) -> None:
    """Give every waiting expression a statement and its value a variable."""
    waiting = [*writer.arms.items(), *([writer.waiting] if writer.waiting else [])]
    writer.arms, writer.waiting = {}, None
    for value, expr in waiting:
        _release(writer, expr.reads)
        name = _variable(writer, value, expr)
        _hold(writer, value, name)
        _assign(writer, name, expr.text, expr.needs, expr.note)


def _augment(writer: _Writer, node: Apply | Call, symbol: str, inputs: list[Value], note: str) -> None:
    """One statement for a node that writes over its first operand: `y += self.shortcut(x)`."""
    target, other = inputs
    if writer.waiting is None or writer.waiting[0] != other:
        _flush(writer)
    inner = _taken(writer, other)
    name, text = writer.variables[target], inner.text if inner else writer.variables[other]
    _release(writer, (target, *(inner.reads if inner else (other,))))
    _hold(writer, Value(node), name)
    writer.statements.append(_Statement(name, text, note or (inner.note if inner else ""), symbol=symbol))


def _unpack(writer: _Writer, node: Apply | Call, results: list[Value], expr: _Expr) -> None:
    """One statement for a node with several results: `a, _ = torch.chunk(x, 2, dim=1)`."""
    _release(writer, expr.reads)
    names = []
    for value in results:
        if not writer.uses[value]:
            names.append("_")
            continue
        names.append(first_free({*writer.holds, *writer.taken}))
        _hold(writer, value, names[-1])
        writer.typed.setdefault(names[-1], expr.needs == ())
        if expr.needs is None:
            writer.loose.add(names[-1])  # mypy forgets what a variable is when it unpacks anything into it
    writer.statements.append(_Statement(", ".join(names), expr.text))


def _assign(writer: _Writer, name: str, text: str, needs: tuple[str, ...] | None, note: str = "") -> None:
    statement = _Statement(name, text, note)
    writer.statements.append(statement)
    known = needs is not None and all(writer.typed[read] and read not in writer.loose for read in needs)
    writer.loose.discard(name)
    if not known and writer.typed.get(name) and name in writer.first:
        writer.loose.add(name)  # mypy forgets what it inferred of a variable when anything is assigned to it
    if name not in writer.typed:
        writer.typed[name] = known
        writer.first[name] = statement


def _release(writer: _Writer, reads: tuple[Value, ...]) -> None:
    """Count uses down, and free the variables of values that are used up."""
    for value in reads:
        writer.uses[value] -= 1
        if not writer.uses[value]:
            writer.holds.pop(writer.variables[value], None)


def _hold(writer: _Writer, value: Value, name: str) -> None:
    writer.variables[value] = name
    writer.holds[name] = value


def _variable(writer: _Writer, value: Value, expr: _Expr) -> str:
    """The label of a value with several uses, else the variable of the first operand if it is free, else a new one."""
    busy = {*writer.holds, *writer.taken, *writer.kept}
    label = getattr(value.node, "label", None)
    if label and writer.uses[value] > 1:
        name = unique(variable(label), busy)
        writer.kept.add(name)
        return name
    for read in expr.reads:
        if writer.variables[read] not in busy:
            return writer.variables[read]
    return first_free(busy)


def _return(writer: _Writer, outputs: list[Value], results: str | None) -> Iterator[str]:
    """The statements, and the return; what mypy can't know to be a tensor is annotated."""
    if len(outputs) != 1:
        _flush(writer)
        names = ", ".join(writer.variables[value] for value in outputs)
        result = f"{results}({names})" if results else names
    else:
        result = _single(writer, outputs[0])
    yield from _statements(writer)
    yield from lines(result, INDENT, prefix="return ")


def _statements(writer: _Writer) -> Iterator[str]:
    for statement in writer.statements:
        prefix = f"{statement.target}{': Tensor' if statement.annotated else ''} {statement.symbol} "
        yield from lines(statement.text, writer.indent, prefix=prefix, note=statement.note)


def _single(writer: _Writer, output: Value) -> str:
    """What is returned for one output: a variable or an expression that mypy knows to be a tensor."""
    expr = writer.waiting[1] if writer.waiting else None
    text = expr.text if expr else writer.variables[output]
    needs = expr.needs if expr else (text,)
    known = {name for name in writer.typed if writer.typed[name] or name in writer.first} - writer.loose
    if needs is not None and known.issuperset(needs):
        for name in needs:
            _annotate(writer, name)
        return text
    result = unique(_result_name(writer), {*writer.typed, *writer.taken})
    writer.statements.append(_Statement(result, text, expr.note if expr else "", annotated=True))
    return result


def _annotate(writer: _Writer, name: str) -> None:
    """Make mypy know that a variable is a tensor."""
    if not writer.typed[name]:
        writer.first[name].annotated = writer.typed[name] = True


def _result_name(writer: _Writer) -> str:
    graph = writer.made.family.first
    return variable(graph.output_names[0], "out") if graph.output_names else "out"
