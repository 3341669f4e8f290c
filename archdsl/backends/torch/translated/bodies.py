"""Statements of a definition into a class: what is constructed, what `forward` does, and the sizes that flow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field, replace
from typing import Any

from archdsl.backends.python.literals import literal
from archdsl.backends.torch import calls
from archdsl.backends.torch.calls import Arg
from archdsl.backends.torch.names import CONTAINER_ATTRIBUTES, is_attribute, variable
from archdsl.backends.torch.rules import Lowering
from archdsl.backends.torch.translated.draft import NESTED, SHORT, Container, Draft, Either, Entry, Line, Nest, Slot
from archdsl.backends.torch.translated.lowering import argument, bind, lowered
from archdsl.backends.torch.translated.scope import Callee, Scope, Value, as_whole, bound, evaluate
from archdsl.backends.torch.translated.shapes import left_by
from archdsl.backends.torch.translated.symbolic import (
    Choice,
    Free,
    In,
    Invoke,
    Item,
    Name,
    Not,
    Own,
    Sequence,
    Sym,
    Untranslatable,
    Var,
    binary,
    invoke,
    kind_of,
    parts,
    python,
)
from archdsl.graph.definition import (
    Apply,
    ApplyShared,
    Body,
    Definition,
    For,
    Group,
    If,
    Inline,
    InputOf,
    Join,
    Local,
    Named,
    OutputOf,
    Reference,
    Repeat,
    Shared,
    Stage,
    Step,
    Take,
    With,
    Word,
)
from archdsl.ops.base import Op
from archdsl.ops.combine import Add
from archdsl.ops.norm import BatchNorm


@dataclass(frozen=True)
class Place:
    """Where a statement stands: the names in sight, defaults in force, and the container that it fills, if any."""

    file: Any
    draft: Draft
    names: dict[str, Any]
    items: list[Any]
    container: Container | None = None
    defaults: dict[type[Op], dict[str, Any]] = field(default_factory=dict)

    def scope(self, incoming: Value | None) -> Scope:
        return Scope(self.names, incoming, self.draft.named, self.file)

    def inner(self, items: list[Any], **names: Any) -> Place:
        return replace(self, items=items, names={**self.names, **names})


def walk(body: Body, current: Value | None, place: Place) -> Value | None:
    """The statements of a body, one after the other."""
    for statement in body:
        if isinstance(statement, Stage):
            current = stage(statement, current, place)
        elif isinstance(statement, OutputOf):
            for inner in statement.stages:
                current = stage(inner, current, place)
            assert current is not None
            place.draft.flush(current)
            place.draft.held.append(current)
            place.file.outputs.append((word(statement.name, place), current))
        elif isinstance(statement, InputOf):
            current = place.draft.named[statement.name]
        elif isinstance(statement, Shared):
            raise Untranslatable("a shared layer")
    return current


def stage(statement: Stage, current: Value | None, place: Place) -> Value | None:
    found: Value | None = _STEPS[type(statement.step)](statement.step, current, place, statement.names)
    draft = place.draft
    if statement.names and found is not None and len(statement.names) == 1:
        label = statement.names[0].plain
        if label is None:
            if draft.wanted & {"*"}:
                raise Untranslatable("values are taken by names that are computed")
        elif label in draft.wanted and label not in place.names:
            if place.container is not None:
                raise Untranslatable("a chain keeps a value")
            found = replace(found, label=label) if found.depth else found
            draft.flush(found)
            draft.named[label] = found
            draft.own.add(found.code)
    return found


# ---- keys ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Computed:
    """A name that the constructor computes: the text of a string with holes, and its fixed beginning."""

    text: str
    prefix: str
    forward: str = ""


def word(name: Word, place: Place) -> str:
    if name.plain is None:
        raise Untranslatable("a name that is computed")
    return name.plain


def key_of(names: tuple[Word, ...], current: Value | None, place: Place) -> str | Computed | None:
    """The key of a layer: its name, a name that is computed, or None for the number."""
    if not names:
        return None
    name = names[0]
    if name.plain is not None:
        return name.plain
    if len(names) > 1:
        raise Untranslatable("several results with names that are computed")
    values = [part if isinstance(part, str) else evaluate(part, place.scope(current)) for part in name.parts]
    if all(isinstance(value, str | int) and not isinstance(value, bool) for value in values):
        return "".join(map(str, values))
    shown = "".join(v if isinstance(v, str) else f"{{{python(place.draft.use(v))}}}" for v in values)
    prefix = values[0] if isinstance(values[0], str) else ""
    forward = shown
    if place.container is None:
        forward = "".join(v if isinstance(v, str) else f"{{{place.draft.keep(v)}}}" for v in values)
    return Computed(f'f"{shown}"', prefix, f'f"{forward}"')


def claim(key: str | Computed | None, draft: Draft) -> str | Computed:
    """The key with its number put in; the number moves on."""
    number, draft.number = draft.number, binary("+", draft.number, 1)
    if key is not None:
        if isinstance(key, str):
            draft.keys.append(key)
        else:
            draft.computed.append(key.prefix)
        return key
    if isinstance(number, int):
        draft.keys.append(str(number))
        return str(number)
    if isinstance(number, Free):
        raise Untranslatable("how many layers stand before this one")
    draft.computed.append("")
    shown = python(draft.use(number))
    return Computed(f'f"{{{shown}}}"', "", f'f"{{{draft.keep(number)}}}"')


# ---- ops -------------------------------------------------------------------------------------------------------------


def apply(step: Apply, current: Value | None, place: Place, names: tuple[Word, ...]) -> Value | None:
    callee = evaluate(step.callee, place.scope(current)) if isinstance(step.callee, Local | Reference) else None
    if isinstance(callee, Value):
        return callee
    if isinstance(callee, Callee):
        return apply_parameter(callee, step, current, place, names)
    if isinstance(callee, Definition):
        return apply_block(callee, step, current, place, names)
    if isinstance(callee, type) and issubclass(callee, Op):
        if current is None:
            raise Untranslatable("a layer without a value")
        op = bind(callee, step.arguments or (), len(current.dims) - 2, place.scope(current), defaults(callee, place))
        return apply_op(op, current, place, names)
    raise Untranslatable(f"{step.callee!r} is applied")


def defaults(op: type[Op], place: Place) -> dict[str, Any]:
    return place.defaults.get(op, {})


def apply_op(op: Op, x: Value, place: Place, names: tuple[Word, ...]) -> Value:
    """One op on one value."""
    draft = place.draft
    key = key_of(names, x, place)
    shapes = left_by(op, x.dims)
    kind = "float" if type(op).takes != "any" and not type(op).is_view else x.kind
    low = lowered(op, x)
    over = low.in_place == "training" and x.is_fresh and not _is_kept(x, place)
    if over:
        low = _in_place(low)
    fresh = _is_fresh(op, x)
    made: dict[str, Any] = {"is_fresh": fresh, "is_normed": isinstance(op, BatchNorm)}
    if place.container is not None:
        if not low.is_called:
            raise Untranslatable(f"{type(op).name} in a chain")
        draft.use(low.make)
        place.items.append(Entry(key, low.make, note=_note(x.dims, shapes[0])))
        return Value(shapes[0], kind, "", **made)
    stateful = bool(_params(op, x))
    if low.make is None or (key is None and not stateful and low.run is not None and not _has_sym(low.run)):
        _pass_by(key, draft)
        run = calls.X if low.run is None else low.run
        text = calls.text(_forwardable(run, x, draft), [_operand(x, draft, low.run)])
        if text == x.code:
            return x
        if len(shapes) > 1:
            return _unpack(text, shapes, kind, names, x, place)
        return Value(shapes[0], kind, text, x.depth + 1, base=x.base, **made)
    draft.use(low.make)
    spot = claim(key, draft) if key is not None or stateful else _free_name(type(op).name, draft)
    access = put(spot, low.make, place)
    if low.use is not None:
        many = isinstance(low.use, calls.Template) and len(re.findall(r"\{x\}", low.use.text)) > 1
        operand = draft.flush(x) if many else x
        text = calls.text(_forwardable(low.use, x, draft), [_bracketed(operand)], access)
        infix = isinstance(low.use, calls.Infix)
        return Value(shapes[0], kind, text, x.depth + 1, infix=infix, base=x.base, **made)
    return Value(shapes[0], kind, f"{access}({_nested(x, draft)})", x.depth + 1, base=x.base, **made)


def _pass_by(key: str | Computed | None, draft: Draft) -> None:
    """Count a layer that has no module."""
    draft.number = binary("+", draft.number, 1)
    if isinstance(key, str):
        draft.keys.append(key)


def _note(before: tuple[Any, ...], after: tuple[Any, ...]) -> str:
    """The shape that a layer leaves, where it changes it, and where it is the same for all arguments."""
    known = all(isinstance(dim, int) for dim in after[1:])
    if not known or (isinstance(after[0], int) or before[1:] == after[1:]):
        return ""
    return f"[{', '.join(['N', *map(str, after[1:])])}]"


def _free_name(wanted: str, draft: Draft) -> str:
    """A name for a module without weights, whose number no state shows."""
    draft.number = binary("+", draft.number, 1)
    name = wanted if is_attribute(wanted) else "layer"
    count = 2
    while name in draft.keys or name in draft.saved.values():
        name, count = f"{wanted}{count}", count + 1
    draft.keys.append(name)
    return name


def _params(op: Op, x: Value) -> Any:
    from archdsl.sizes.shape import Shape

    return op.params(Shape(tuple(dim for dim in x.dims), "float"))


def _is_fresh(op: Op, *xs: Value) -> bool:
    """Whether what an op leaves is memory of its own, of which its gradient needs nothing."""
    return op.leaves_fresh_value(*(x.dims for x in xs)) and "result" not in op.gradient_needs


def _is_kept(x: Value, place: Place) -> bool:
    """Whether something else reads a value."""
    draft = place.draft
    return any(x is kept or (kept.code == x.code and not x.depth) for kept in (*draft.held, *draft.named.values()))


def _in_place(low: Lowering) -> Lowering:
    add = Arg("inplace", True)
    make = calls.Call(low.make.callee, (*low.make.args, add)) if low.make else None
    run = calls.Call(low.run.callee, (*low.run.args, add)) if isinstance(low.run, calls.Call) else low.run
    return Lowering(make, run, low.use)


def _nested(x: Value, draft: Draft) -> str:
    """An operand inside of a call."""
    if x.depth >= NESTED or x.infix or len(x.code) > SHORT:
        draft.flush(x)
    return x.code


def _operand(x: Value, draft: Draft, run: Any) -> str:
    """An operand of an expression; one that is read twice is a variable."""
    many = str(run).count("index=0") > 1 or (isinstance(run, calls.Template) and run.text.count("{x}") > 1)
    if many or x.depth >= NESTED or x.infix or len(x.code) > SHORT:
        draft.flush(x)
    return x.code


def _bracketed(x: Value) -> str:
    return f"({x.code})" if x.infix else x.code


def _has_sym(value: Any) -> bool:
    if isinstance(value, calls.Call):
        return any(_has_sym(arg.value) for arg in value.args if not arg.omitted)
    if isinstance(value, calls.Items):
        return any(map(_has_sym, value.items))
    return isinstance(value, Sym) or (isinstance(value, tuple) and any(map(_has_sym, value)))


def _forwardable(value: Any, x: Value, draft: Draft) -> Any:
    """An expression of `forward`, in which sizes are attributes of the module, or are read off the value."""
    if isinstance(value, calls.Call):
        args = (arg if arg.omitted else replace(arg, value=_forwardable(arg.value, x, draft)) for arg in value.args)
        return calls.Call(value.callee, tuple(args))
    if isinstance(value, calls.Items):
        return calls.Items(tuple(_forwardable(item, x, draft) for item in value.items))
    if isinstance(value, Sym):
        return calls.Name(draft.keep(value))
    return value


def _unpack(text: str, shapes: Any, kind: str, names: tuple[Word, ...], x: Value, place: Place) -> Value:
    """One statement for an op of several results."""
    draft = place.draft
    draft.settle(set(re.findall(r"\w+", text)))
    labels = [word(name, place) for name in names] or ["_"]
    found: list[Value] = []
    targets: list[str] = []
    for index, dims in enumerate(shapes):
        label = labels[index] if index < len(labels) else "_"
        made = Value(dims, kind, "", base="", label=label)
        read = index == 0 or label in draft.wanted
        target = draft.target(made, {*targets}) if read else "_"
        made.code = made.base = target
        targets.append(target)
        if label in draft.wanted:
            draft.named[label] = made
            draft.own.add(target)
        found.append(made)
        draft.held.append(made)
    draft.body.append(f"{', '.join(targets)} = {text}")
    for made in found:
        draft.held.remove(made)
    return found[0]


def put(spot: str | Computed, make: Any, place: Place, entry: Entry | None = None) -> str:
    """Construct a module in a class of its own form; how `forward` reaches it."""
    access = _put(spot, make, place, entry)
    place.draft.puts.append((access, len(place.draft.loop_depth)))
    return access


def _put(spot: str | Computed, make: Any, place: Place, entry: Entry | None) -> str:
    draft = place.draft
    is_parameter = isinstance(make, calls.Call) and make.callee == "nn.Parameter"
    if isinstance(spot, Computed):
        if is_parameter:
            raise Untranslatable("a learned value with a name that is computed")
        draft.subscripts.append(spot.prefix)
        place.items.append(Line(f"self[{spot.text}] = ", make, owner=entry.owner if entry else None))
        return f"self[{spot.forward}]"
    if is_attribute(spot):
        if entry is not None:
            entry.owner["path"] = f"self.{spot}"
        place.items.append(Line(f"self.{spot} = ", make))
        return f"self.{spot}"
    if is_parameter:
        raise Untranslatable(f"a learned value called {spot}")
    draft.subscripts.append(spot)
    place.items.append(Line(f"self[{literal(spot)}] = ", make, owner=entry.owner if entry else None))
    return f"self[{literal(spot)}]"


# ---- blocks ----------------------------------------------------------------------------------------------------------


def apply_block(
    block: Definition, step: Apply, current: Value | None, place: Place, names: tuple[Word, ...]
) -> Value | None:
    given = bound(block.parameters, step.arguments or ())
    scope = place.scope(current)
    values = {name: evaluate(node, scope) for name, node in given.items()}
    tensors = [value for value in values.values() if isinstance(value, Value)]
    entries = [*([current] if current else []), *tensors]
    made = place.file.variant(block, entries, values, place.defaults)
    named = {g.name for g in step.arguments or () if g.name}
    return construct(made, values, entries, place, names, current, named)


def construct(
    made: Any,
    values: dict[str, Any],
    entries: list[Value],
    place: Place,
    names: tuple[Word, ...],
    current: Value | None,
    named: Set[str] = frozenset(),
) -> Value:
    """Call the class of a body: its module is constructed, and applied."""
    draft = place.draft
    key = key_of(names, current, place)
    sizes = {entry: entries[entry.place].dims[entry.axis] for entry in made.draft.used}
    for size in sizes.values():
        draft.use(size)
    plain = {name: value for name, value in values.items() if not isinstance(value, Value)}
    for value in plain.values():
        draft.use(value)
    module = calls.Call(made.name, tuple(_call_args(made, plain, sizes, named)))
    entry = Entry(key, module)
    dims = made.dims_for(plain, entries, entry)
    return _placed(entry, dims, entries, place, made.kind)


def _placed(entry: Entry, dims: tuple[Any, ...], entries: list[Value], place: Place, kind: str) -> Value:
    """Put a module where it belongs, and apply it to values."""
    draft = place.draft
    if place.container is not None:
        if len(entries) != 1:
            raise Untranslatable("a chain with several values")
        entry.note = _note(entries[0].dims, dims)
        place.items.append(entry)
        return Value(dims, kind, "")
    spot = claim(entry.key, draft)
    access = put(spot, entry.make, place, entry)
    for value in entries[1:]:
        draft.flush(value)
    if len(entries) > 1:
        draft.flush(entries[0])
    text = f"{access}({', '.join([_nested(value, draft) for value in entries])})"
    return Value(dims, kind, text, entries[0].depth + 1, base=entries[0].base)


def _call_args(made: Any, values: dict[str, Any], sizes: dict[In, Any], named: Set[str]) -> Iterator[Arg]:
    """The arguments of a class: widths first, then the block's own, those after a gap by name."""
    for entry in made.draft.used:
        yield Arg(entry.name, _argument(sizes[entry], made.file), positional=True)
    position = True
    for parameter in made.parameters:
        if parameter.spec not in values:
            position = False
            continue
        value = values[parameter.spec]
        leads = position and parameter.spec not in named
        position = position and leads
        yield Arg(parameter.name, _argument(value, made.file, parameter), positional=leads)


def _argument(value: Any, file: Any, parameter: Any = None) -> Any:
    """A value as an argument of a class: an op or a block is a class or a function."""
    if isinstance(value, Callee):
        return calls.Name(value.name)
    if isinstance(value, Definition) or (isinstance(value, type) and issubclass(value, Op)):
        return calls.Name(file.callable(value, parameter))
    return value


def apply_parameter(callee: Callee, step: Apply, current: Value | None, place: Place, names: tuple[Word, ...]) -> Value:
    """Apply what a parameter stands for."""
    if current is None:
        raise Untranslatable("a parameter is applied to nothing")
    draft = place.draft
    key = key_of(names, current, place)
    scope = place.scope(current)
    args: list[Arg] = []
    if callee.is_sized:
        width = current.dims[1]
        args.append(Arg("in_channels", draft.use(width), positional=True))
    for given in step.arguments or ():
        value = evaluate(given.value, scope)
        if isinstance(value, Value):
            raise Untranslatable("a parameter is applied to several values")
        draft.use(value)
        args.append(Arg(given.name or "", _argument(value, place.file), positional=given.name is None))
    entry = Entry(key, calls.Call(callee.name, tuple(args)))
    dims = place.file.dims_of(callee, step, current, scope, entry)
    return _placed(entry, dims, [current], place, current.kind)


def inline(step: Inline, current: Value | None, place: Place, names: tuple[Word, ...]) -> Value | None:
    block = evaluate(step.callee, place.scope(current))
    if not isinstance(block, Definition):
        raise Untranslatable("what is inlined is a parameter")
    scope = place.scope(current)
    values = {name: evaluate(node, scope) for name, node in bound(block.parameters, step.arguments).items()}
    for parameter in block.parameters:
        if parameter.name not in values:
            assert parameter.default is not None
            values[parameter.name] = evaluate(parameter.default, Scope(values, None, {}, place.file))
    if block.header and current:
        values |= place.file.header(block, values, [current])
    place.draft.frames.append(list(values.values()))
    place.draft.wanted |= place.file.wanted(block.body)
    try:
        return walk(block.body, current, replace(place, names=values))
    finally:
        place.draft.frames.pop()


def group(step: Group, current: Value | None, place: Place, names: tuple[Word, ...]) -> Value:
    if current is None:
        raise Untranslatable("a group without a value")
    draft, file = place.draft, place.file
    if file.is_chain(step.body, place.names, place.defaults):
        key = key_of(names, current, place)
        inside: list[Any] = []
        container = Container("", inside)
        wanted, draft.wanted = draft.wanted, set()
        left = walk(step.body, replace(current, is_fresh=False), replace(place, items=inside, container=container))
        draft.wanted = wanted
        assert left is not None
        entry = Entry(key, None)
        if all(isinstance(item, Entry) and not isinstance(item.key, Computed) and not item.owner for item in inside):
            entry.make = calls.Late(lambda: sequential(inside))
        else:
            container.path = draft.local(
                variable(names[0].parts[0] if names and isinstance(names[0].parts[0], str) else "layers")
            )
            draft.busy.discard(container.path)
            place.items.append(Line(f"{container.path} = ", calls.Call("nn.Sequential", ())))
            place.items.append(container)
            entry.make = calls.Name(container.path)
        return _placed(entry, left.dims, [current], place, left.kind)
    made, values, entries = file.group(step, current, place, names)
    return construct(made, values, entries, place, names, current)


def sequential(entries: list[Any]) -> calls.Call:
    """`nn.Sequential(…)` of entries, by their keys where they have names."""
    named = any(entry.key is not None for entry in entries)
    if not named:
        rows = (Arg(str(place), e.make, positional=True, note=e.note) for place, e in enumerate(entries))
        return calls.Call("nn.Sequential", tuple(rows))
    stages = tuple(Arg(entry.key or str(place), entry.make, note=entry.note) for place, entry in enumerate(entries))
    keyed = calls.Call("OrderedDict", stages)
    return calls.Call("nn.Sequential", (Arg("", keyed, positional=True),))


# ---- joins -----------------------------------------------------------------------------------------------------------


def join(step: Join, current: Value | None, place: Place, names: tuple[Word, ...]) -> Value:
    if current is None or place.container is not None or not isinstance(step.op, type):
        raise Untranslatable("a join here")
    draft = place.draft
    readers = sum(not (arm and isinstance(arm[0], Stage) and isinstance(arm[0].step, Take)) for arm in step.arms)
    if readers > 1:  # what several arms read is not for one of them to write over
        current = replace(draft.flush(current), is_fresh=False, is_normed=False)
    draft.held.append(current)
    results: list[Value] = []
    draft.frames.append(list(current.dims))
    for index, arm in enumerate(step.arms):
        if index == len(step.arms) - 1:
            draft.held.remove(current)
            if not any(result is current for result in results):
                pass
        found = walk(arm, current, place)
        assert found is not None
        if found.depth and index < len(step.arms) - 1:
            if found.depth > 1 or found.infix or len(found.code) > 40:
                found = _alone(arm, found)
                draft.held.append(current) if current not in draft.held else None
                draft.flush(found, {current.code})
            else:
                draft.pending.append(found)
        results.append(found)
        draft.frames[-1] = [*draft.frames[-1], *found.dims]
        if not found.depth:
            draft.held.append(found)
    draft.frames.pop()
    op = bind(step.op, step.arguments, len(results[0].dims) - 2, place.scope(current), defaults(step.op, place))
    (dims,) = left_by(op, *(value.dims for value in results))
    low = lowered(op, *results)
    for value in results:
        if value in draft.held:
            draft.held.remove(value)
    fresh = _is_fresh(op, *results)
    base = next((value.base for value in results if value.base and value is not current), current.base)
    is_read = any(name.plain in draft.wanted for name in names)
    added = None if is_read else _added(op, results, draft, place)
    if added is not None:
        return Value(dims, results[0].kind, added, 0, is_fresh=True, base=added)
    draft.pending = [value for value in draft.pending if value not in results]
    for value in results:
        if value.infix or value.depth > NESTED:
            draft.flush(value)
    text = calls.text(_forwardable(low.run, current, draft), [value.code for value in results])
    infix = isinstance(low.run, calls.Infix) and len(results) > 1
    depth = max(value.depth for value in results) + 1
    return Value(
        dims, results[0].kind, text, depth if len(results) > 1 or depth > 1 else 0, fresh, infix=infix, base=base
    )


def _alone(arm: Body, found: Value) -> Value:
    """The result of an arm; where the arm is one stage with a name, its variable bears it."""
    if len(arm) == 1 and isinstance(arm[0], Stage) and arm[0].names and arm[0].names[0].plain:
        found.label = arm[0].names[0].plain
    return found


def _added(op: Op, results: list[Value], draft: Draft, place: Place) -> str | None:
    """Write a sum of two over the one that a batch norm leaves; the variable of the sum."""
    if not isinstance(op, Add) or op.broadcast is not False or len(results) != 2:
        return None
    normed = next((value for value in results if value.is_normed and not _is_kept(value, place)), None)
    if normed is None:
        return None
    other = results[1 - results.index(normed)]
    if other is normed:
        return None
    draft.pending = [value for value in draft.pending if value not in results]
    words = set(re.findall(r"[A-Za-z_]\w*", other.code))
    if normed.depth:
        draft.flush(normed, words)
    draft.settle(words)
    draft.body.append(f"{normed.code} += {other.code}")
    return normed.code


# ---- choice and repetition -------------------------------------------------------------------------------------------


def if_(step: If, current: Value | None, place: Place, names: tuple[Word, ...]) -> Value | None:
    draft = place.draft
    condition = evaluate(step.condition, place.scope(current))
    if isinstance(condition, bool):
        return walk(step.then if condition else step.otherwise, current, place)
    if current is None:
        raise Untranslatable("a choice without a value")
    draft.use(condition)
    if place.container is None:
        single = _optional(step, current, place, condition)
        if single is not None:
            return single
    then: list[Any] = []
    otherwise: list[Any] = []
    place.items.append(Either(lambda: python(condition), lambda: python(Not(condition)), then, otherwise))
    start = draft.number
    if place.container is not None:
        left = walk(step.then, current, replace(place, items=then))
        right = walk(step.otherwise, current, replace(place, items=otherwise))
        assert left is not None
        assert right is not None
        dims = _met(left.dims, right.dims, then, otherwise, draft, current.dims)
        fresh = left.is_fresh and right.is_fresh
        return Value(dims, left.kind, "", is_fresh=fresh)
    draft.flush(current)
    draft.settle()
    flag = _flag(condition, step, draft)
    taken = draft.keeps(current)
    result = draft.target(Value(current.dims, current.kind, current.code), {current.code}) if taken else current.code
    body, lefts, numbers = draft.body, [], []
    bodies: list[list[Any]] = [[], []]
    for arm, items, lines in ((step.then, then, bodies[0]), (step.otherwise, otherwise, bodies[1])):
        draft.body, draft.number = lines, start
        found = walk(arm, replace(current), replace(place, items=items))
        assert found is not None
        draft.settle()
        if found.code != result:
            lines.append(f"{result} = {found.code}")
        lefts.append(found)
        numbers.append(draft.number)
    draft.body = body
    both = [lines[0].removeprefix(f"{result} = ") for lines in bodies if len(lines) == 1 and isinstance(lines[0], str)]
    ternary = f"{result} = {both[0]} if {flag} else {both[1]}" if len(both) == 2 else ""
    if ternary and all(lines[0].startswith(f"{result} = ") for lines in bodies) and len(ternary) < SHORT + 20:
        draft.body.append(ternary)
    elif bodies[0]:
        draft.body.append(Nest(lambda below: f"if {flag}:", bodies[0]))
    if bodies[1] and draft.body[-1:] != [ternary]:
        draft.body.append(Nest(lambda below: "else:" if bodies[0] else f"if not {flag}:", bodies[1]))
    draft.number = _either_number(condition, *numbers)
    dims = _met(lefts[0].dims, lefts[1].dims, then, otherwise, draft, current.dims)
    fresh = all(value.is_fresh for value in lefts)
    return Value(dims, lefts[0].kind, result, 0, is_fresh=fresh, base=result)


def _either_number(condition: Any, then: Any, otherwise: Any) -> Any:
    """How many layers there are after a choice."""
    if then == otherwise:
        return then
    settled = not any(isinstance(part, In | Var | Own | Free) for part in parts(condition))
    return Choice(then, condition, otherwise) if settled else Free(-1)


def _met(a: Any, b: Any, then: list[Any], otherwise: list[Any], draft: Draft, before: Any) -> tuple[Any, ...]:
    """The sizes after a choice: those of both arms, or variables."""
    if len(a) != len(b):
        raise Untranslatable("the arms of a choice leave values of different ranks")
    found = []
    for axis, (left, right) in enumerate(zip(a, b, strict=True)):
        left, right = _same(left), _same(right)
        if left == right:
            found.append(left)
        elif isinstance(left, Free) or isinstance(right, Free):
            found.append(Free(axis))
        else:
            slots = Slot(), Slot()
            then.append(slots[0])
            otherwise.append(slots[1])
            name = _width_name(before, axis, draft)
            state = {"sources": [(slots[0], left), (slots[1], right)], "closed": True}
            found.append(Var(name, state))
    return tuple(found)


def _same(value: Any) -> Any:
    return value.same if isinstance(value, Var) else value


def _width_name(dims: tuple[Any, ...], axis: int, draft: Draft) -> str:
    """The variable for a size that changes: that of what comes in, unless something still reads it."""
    names = {1: "in_channels", len(dims) - 1: "in_features" if len(dims) < 4 else "in_width"}
    wanted = names.get(axis, "in_height" if axis == len(dims) - 2 else f"size{axis}")
    if len(dims) == 2:
        wanted = "in_features"
    if draft.conflicts(wanted, dims):
        draft.busy.add(wanted)
        return draft.local(wanted)
    draft.busy.add(wanted)
    return wanted


def _flag(condition: Any, step: If, draft: Draft) -> str:
    """How `forward` knows a condition: by an attribute that says whether it holds."""
    if any(isinstance(part, Name) and part.text in draft.loops for part in parts(condition)):
        return draft.keep(condition)
    if isinstance(condition, Name):
        name = draft.saved.get(condition.text, condition.text)
        if name in draft.keys:
            name = f"has_{name}"
    else:
        keyed = [n.plain for s in (*step.then, *step.otherwise) if isinstance(s, Stage) for n in s.names]
        name = f"has_{keyed[0]}" if keyed and keyed[0] and is_attribute(keyed[0]) else "condition"
    count, wanted = 2, name
    while name in draft.keys or name in draft.finals or name in draft.saved.values():
        name, count = f"{wanted}{count}", count + 1
    draft.finals.append(name)
    draft.init_flags.append(Line(f"self.{name}: Final[bool] = ", condition))
    place_of = draft.flag_places
    place_of[name] = condition
    return f"self.{name}"


def _optional(step: If, current: Value, place: Place, condition: Any) -> Value | None:
    """A single layer that is there or not, by the spec's condition: without it the value passes."""
    if step.otherwise or len(step.then) != 1 or not isinstance(step.then[0], Stage):
        return None
    stage_ = step.then[0]
    draft = place.draft
    if not isinstance(stage_.step, Apply | Group) or not stage_.names or stage_.names[0].plain is None:
        return None
    key = stage_.names[0].plain
    if not is_attribute(key) or key in draft.wanted:
        return None
    inside: list[Any] = []
    before, start = len(draft.body), draft.number
    found = walk(step.then, replace(current), replace(place, items=inside))
    assert found is not None
    if len(draft.body) != before or f"self.{key}({current.code})" != found.code:
        raise Untranslatable("an optional stage")
    draft.number = _either_number(condition, draft.number, start)
    place.items.append(Line(f"self.{key}: nn.Module = ", calls.Call("nn.Identity", ())))
    without: list[Any] = []  # sizes where the layer is not there, set before the condition is asked
    dims = found.dims
    if dims != current.dims:
        dims = _met(dims, current.dims, inside, without, draft, current.dims)
    place.items.extend([*without, Nest(lambda below: f"if {python(condition)}:", inside)])
    return Value(dims, found.kind, found.code, found.depth, base=found.base)


def repeat(step: Repeat, current: Value | None, place: Place, names: tuple[Word, ...]) -> Value | None:
    count = as_whole(evaluate(step.count, place.scope(current)))
    place.draft.use(count)
    return _loop(step.body, current, place, step.counter, (), None, count)


def for_(step: For, current: Value | None, place: Place, names: tuple[Word, ...]) -> Value | None:
    items = evaluate(step.items, place.scope(current))
    place.draft.use(items)
    return _loop(step.body, current, place, step.counter, step.targets, items, invoke("len", [items]))


def _loop(
    body: Body,
    current: Value | None,
    place: Place,
    counter: str | None,
    targets: tuple[str, ...],
    items: Any,
    count: Any,
) -> Value | None:
    """A loop in the constructor, and in `forward` where that is not a chain."""
    if current is None:
        raise Untranslatable("a loop without a value")
    draft = place.draft
    number = draft.local(counter or "i")
    names: dict[str, Any] = {counter: Name(number, "int")} if counter else {}
    locals_: list[str] = []
    for position, target in enumerate(targets):
        name = draft.local(target)
        locals_.append(name)
        names[target] = Name(name, _item_kind(items, position if len(targets) > 1 else None))
    inside: list[Any] = []
    pre, post = Slot(), Slot()
    place.items.append(pre)

    def head(shown: Any, below: list[str]) -> str:
        reads = bool(re.search(rf"\b{number}\b", "\n".join(below)))
        if items is None:
            return f"for {number if reads else '_'} in range({shown(count)}):"
        unpacked = ", ".join(locals_)
        if not any(re.search(rf"\b{name}\b", "\n".join(below)) for name in locals_):
            return f"for {number if reads else '_'} in range({shown(count)}):"
        if reads:
            unpacked = f"({unpacked})" if len(locals_) > 1 else unpacked
            return f"for {number}, {unpacked} in enumerate({shown(items)}):"
        return f"for {unpacked} in {shown(items)}:"

    place.items.append(Nest(lambda below: head(python, below), inside))
    entry: list[Any] = []
    for axis, dim in enumerate(current.dims):
        if isinstance(_same(dim), Free):
            entry.append(dim)
            continue
        name = _width_name(current.dims, axis, draft)
        entry.append(Var(name, {"first": dim, "sources": [(pre, dim), (post, None)]}))
    start, step = draft.number, 0
    was_container = place.container is not None
    if not was_container:
        step = place.file.claims(body, {**place.names, **names})
        draft.number = binary("+", start, binary("*", step, Name(number, "int")))
        draft.flush(current)
        draft.settle()
        taken = draft.keeps(current)
        if taken:
            name = draft.target(Value(current.dims, current.kind, current.code), {current.code})
            draft.body.append(f"{name} = {current.code}")
            current = replace(current, code=name, base=name)
        carried = current.code
        lines: list[Any] = []
        outer = draft.body
        draft.body = lines
        draft.loops += [number, *locals_]
        draft.loop_depth.append(number)
        draft.counters += [number, *locals_]
    passed = replace(current, dims=tuple(entry), is_fresh=False, is_normed=False)
    left = walk(body, passed, place.inner(inside, **names))
    assert left is not None
    if not was_container:
        draft.settle()
        if left.code != carried:
            lines.append(f"{carried} = {left.code}")
        draft.body = outer
        draft.body.append(Nest(lambda below: head(_kept_text(draft), below), lines))
        draft.loop_depth.pop()
        for name in (number, *locals_):
            draft.loops.remove(name)
        draft.number = binary("+", start, binary("*", step, count)) if step else start
        # texts of heads are made at the end, when loops are over: what they read is kept now
        asked = set(draft.asked)
        draft.keep(count)
        if items is not None:
            draft.keep(items)
        draft.asked = asked
    inside.append(post)
    after: list[Any] = []
    for axis, (before, now) in enumerate(zip(entry, left.dims, strict=True)):
        now = _same(now)
        if not isinstance(before, Var):
            after.append(now if isinstance(now, Free) else Free(axis))
            continue
        first = _same(before.state["first"])
        steady = all(not isinstance(part, Var | In | Own) for part in parts(first))
        if now is before or (steady and now == first):
            before.state["alias"] = first
            after.append(first)
            continue
        if isinstance(now, Free):
            if before.state.get("read"):
                raise Untranslatable("a size in a loop becomes one that only the running network knows")
            after.append(Free(axis))
            continue
        before.state["sources"] = [(pre, before.state["first"]), (post, now)]
        before.state["closed"] = True
        if before.state.get("read"):
            draft.fill(before)
        local = any(
            isinstance(p, Var | Own) or (isinstance(p, Name) and p.text in (number, *locals_)) for p in parts(now)
        )
        after.append(now if isinstance(count, int) and count > 0 and not local else before)
    return Value(tuple(after), left.kind, "" if was_container else carried, 0, base="" if was_container else carried)


def _kept_text(draft: Draft) -> Any:
    return lambda value: draft.keep(value)


def _item_kind(items: Any, position: int | None) -> str:
    """The type of what a loop goes through."""
    listed = items.items if isinstance(items, Sequence) else items if isinstance(items, tuple) else None
    if listed is not None:
        chosen = [
            item if position is None else item[position]
            for item in listed
            if position is None or isinstance(item, tuple)
        ]
        kinds = {kind_of(item) for item in chosen}
        return kinds.pop() if len(kinds) == 1 else ""
    kind = kind_of(items)
    inner = re.fullmatch(r"Sequence\[(.*)\]", kind)
    if inner and position is not None:
        inner = re.fullmatch(r"Sequence\[(.*)\]", inner[1])
    return inner[1] if inner else ""


def with_(step: With, current: Value | None, place: Place, names: tuple[Word, ...]) -> Value | None:
    found = {op: dict(values) for op, values in place.defaults.items()}
    scope = place.scope(None)
    for op, arguments in step.defaults:
        if not isinstance(op, type) or not issubclass(op, Op):
            raise Untranslatable("defaults for a parameter")
        for given in arguments:
            assert given.name
            attribute = op.attributes()[given.name]
            is_word = attribute.kind in ("Initializer", "str")
            value = argument(given.value, attribute, 0, scope) if is_word else evaluate(given.value, scope)
            found.setdefault(op, {})[given.name] = value
    return walk(step.body, current, replace(place, defaults=found))


def take(step: Take, current: Value | None, place: Place, names: tuple[Word, ...]) -> Value:
    if place.container is not None:
        raise Untranslatable("a chain that goes on from another value")
    assert isinstance(step.value, Named)
    found = evaluate(step.value, place.scope(current))
    if not isinstance(found, Value):
        raise Untranslatable("a name that is no value")
    return found


def _refused(step: Step, current: Value | None, place: Place, names: tuple[Word, ...]) -> Value:
    raise Untranslatable("a shared layer")


_STEPS: dict[type[Step], Any] = {
    Apply: apply,
    ApplyShared: _refused,
    Take: take,
    Inline: inline,
    Join: join,
    Group: group,
    Repeat: repeat,
    For: for_,
    If: if_,
    With: with_,
}
__all__ = ["CONTAINER_ATTRIBUTES", "Choice", "Invoke", "Item"]
