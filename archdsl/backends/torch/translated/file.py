"""The file of a network: its class, those of its blocks, and the functions that they call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from keyword import iskeyword
from typing import Any

import archdsl.backends.torch.families  # noqa: F401  # fills the table of rules
from archdsl.backends.python.docstrings import docstring
from archdsl.backends.python.layout import Block, flat, lines
from archdsl.backends.python.layout import parts as pieces
from archdsl.backends.python.literals import literal
from archdsl.backends.python.names import unique
from archdsl.backends.torch import calls
from archdsl.backends.torch.constructor import construction
from archdsl.backends.torch.names import (
    CONTAINER_ATTRIBUTES,
    TAKEN,
    class_name,
    is_attribute,
    is_subscript,
    variable,
)
from archdsl.backends.torch.translated.bodies import Place, sequential, walk
from archdsl.backends.torch.translated.draft import Container, Draft, Entry, Line, Nest, constructor, statements
from archdsl.backends.torch.translated.lowering import NO_LAYERS, bind, lowered
from archdsl.backends.torch.translated.scope import Callee, Scope, Value, evaluate
from archdsl.backends.torch.translated.shapes import RULES, left_by
from archdsl.backends.torch.translated.symbolic import (
    Free,
    In,
    Name,
    Own,
    Pair,
    Sym,
    Untranslatable,
    Var,
    kind_of,
    parts,
    python,
    substituted,
)
from archdsl.graph.definition import (
    Application,
    Apply,
    ApplyShared,
    Body,
    Definition,
    For,
    Function,
    Group,
    If,
    Inline,
    InputOf,
    Join,
    Local,
    Named,
    Origin,
    OutputOf,
    Parameter,
    Reference,
    Repeat,
    Shared,
    Stage,
    Step,
    Take,
    With,
    Word,
)
from archdsl.graph.nodes import Call, Graph
from archdsl.ops.base import Op
from archdsl.record import Record

LONGEST = 110
"""Columns that a default may take in one line."""

WIDTHS = {1: "in_channels", -1: "in_features"}


@dataclass(frozen=True)
class Argument:
    """A parameter of a class: its name in the spec and in Python, its type and its default; what it may stand for."""

    spec: str
    name: str
    annotation: str
    default: Any = calls.REQUIRED
    callee: Callee | None = None


@dataclass(eq=False)
class Made:
    """A class: its draft, its arguments, and the sizes of what it leaves."""

    name: str
    file: File
    draft: Draft
    parameters: list[Argument]
    entries: list[Value]
    definition: Definition | None
    doc: str
    kind: str = "float"
    dims: tuple[Any, ...] = ()
    exposes: dict[int, str] = field(default_factory=dict)
    base: str = ""
    container: Container | None = None
    result: Value | None = None
    done: bool = False
    again: bool = False
    environment: dict[str, Any] = field(default_factory=dict)

    def leads(self, parameter: Argument) -> bool:
        """Whether an argument goes by position: sizes, lists and classes do."""
        return parameter.annotation not in ("bool", "str", "float")

    def dims_for(self, values: dict[str, Any], entries: list[Value], entry: Entry) -> tuple[Any, ...]:
        """The sizes that a call leaves, over what is in sight where it stands."""
        if not self.done:
            self.again = True
            rank = len(self.entries[0].dims)
            exposed = {1: "out_channels"} if rank > 2 else {1: "out_features"}
            return tuple(Own(entry, exposed[axis]) if axis in exposed else Free(axis) for axis in range(rank))
        given = {parameter.name: values.get(parameter.spec, parameter.default) for parameter in self.parameters}

        def meaning(part: Any) -> Any:
            if isinstance(part, In):
                return (entries[part.place].dims[part.axis],)
            if isinstance(part, Name) and part.text in given:
                return (given[part.text],)
            return None

        found: list[Any] = []
        for axis, dim in enumerate(self.dims):
            if axis in self.exposes and not self.is_pure(dim):
                found.append(Own(entry, self.exposes[axis]))
            elif self.is_pure(dim):
                found.append(substituted(dim, meaning))
            else:
                found.append(Free(axis))
        return tuple(found)

    def is_pure(self, dim: Any) -> bool:
        """Whether a size is an expression over the arguments alone."""
        names = {parameter.name for parameter in self.parameters}
        return not any(
            isinstance(part, Var | Own | Free) or (isinstance(part, Name) and part.text not in names)
            for part in parts(dim)
        )


class File:
    """All classes and functions of a network's file, as they are asked for."""

    def __init__(self, graph: Graph, checkpoint: frozenset[str], taken: frozenset[str]) -> None:
        self.graph = graph
        self.checkpoint = checkpoint
        self.names: set[str] = set(taken)
        self.made: dict[Any, Made] = {}
        self.order: list[Made] = []
        self.functions: dict[Function, tuple[str, str]] = {}
        self.function_text: list[list[str]] = []
        self.adapters: dict[Any, str] = {}
        self.handed: dict[tuple[Function, str], set[str]] = {}
        self.outputs: list[tuple[str, Value]] = []
        self.evidence: dict[tuple[Definition, str], list[Any]] = {}
        self.candidates: set[Definition] = set()
        self._gather(graph, set())

    def _gather(self, graph: Graph, seen: set[Graph]) -> None:
        """What the parameters of each definition are in this network."""
        if graph in seen:
            return
        seen.add(graph)
        origin = graph.origin.definition if isinstance(graph.origin, Origin) else graph.origin
        if origin is not None:
            for name, value in graph.arguments:
                self.evidence.setdefault((origin, name), []).append(value)
                if isinstance(value, Definition):
                    self.candidates.add(value)
        for node in graph.nodes:
            if isinstance(node, Call):
                self._gather(node.graph, seen)

    # ---- functions

    def function(self, function: Function) -> tuple[str, str]:
        if function in self.functions:
            return self.functions[function]
        name = unique(variable(function.name, "function"), self.names)
        self.names.add(name)
        self.functions[function] = (name, "")
        kinds = _kinds_in(function)
        names = {p.name: Name(variable(p.name, "value"), kinds[p.name]) for p in function.parameters}
        result = evaluate(function.result, Scope(names, None, {}, self))
        kind = kind_of(result)
        if kind == "":
            self.functions[function] = (name, "int")
            kind = kind_of(evaluate(function.result, Scope(names, None, {}, self)))
        if any(getattr(part, "operator", "") == "/" for part in _outside_rounding(result)):
            kind = "real"
        self.functions[function] = (name, kind)
        return self.functions[function]

    def called(self, function: Function, values: dict[str, Any]) -> None:
        """Note with what a function is called, for the types of its parameters."""
        for name, value in values.items():
            self.handed.setdefault((function, name), set()).add(kind_of(value))

    def function_lines(self) -> Iterator[list[str]]:
        """The functions of the spec in Python, those first that others call."""
        for function, (name, kind) in reversed(list(self.functions.items())):
            kinds = _kinds_in(function)
            for parameter in function.parameters:
                handed = self.handed.get((function, parameter.name), set())
                if handed == {"int"} and kinds[parameter.name] == "float":
                    kinds[parameter.name] = "int"
            names = {p.name: Name(variable(p.name, "value"), kinds[p.name]) for p in function.parameters}
            scope = Scope(names, None, {}, self)
            result = evaluate(function.result, scope)
            declared = []
            for parameter in function.parameters:
                own = names[parameter.name]
                default = "" if parameter.default is None else f" = {python(evaluate(parameter.default, scope))}"
                declared.append(f"{own.text}: {own.kind or 'float'}{default}")
            kind = kind if kind == "real" else kind_of(result)
            self.functions[function] = (name, kind)
            returned = {"real": "float", "": "float", "list": "Sequence[Any]"}.get(kind, kind)
            text = list(lines(f"def {name}({', '.join(declared)})", 0, suffix=f" -> {returned}:"))
            text += docstring(function.doc, 4)
            text += lines(python(result), 4, prefix="return ")
            yield text

    # ---- what bodies are made of

    def wanted(self, body: Body) -> set[str]:
        """The names of values that something in a body reads."""
        found: set[str] = set()
        for part in _inside(body):
            if isinstance(part, Named):
                found.add(part.word.plain or "*")
        return found

    def is_chain(self, body: Body, names: dict[str, Any], defaults: Any) -> bool:
        """Whether a body is one layer after the other, each a module that is simply called."""
        return bool(body) and not self.wanted(body) and all(self._is_link(s, names) for s in body)

    def _is_link(self, statement: Any, names: dict[str, Any]) -> bool:
        if not isinstance(statement, Stage) or len(statement.names) > 1:
            return False
        step = statement.step
        if isinstance(step, Apply):
            callee = (
                names.get(step.callee.name) if isinstance(step.callee, Local) else getattr(step.callee, "thing", None)
            )
            if isinstance(callee, Callee):
                return True
            if isinstance(callee, type) and issubclass(callee, Op):
                return callee.arity == 1 and not issubclass(callee, NO_LAYERS)
            if not isinstance(callee, Definition):
                return False
            given = [g.value for g in step.arguments or ()]
            return not any(isinstance(value, Named) or _is_value(value, names) for value in given)
        if isinstance(step, Group):
            return not self.wanted(step.body)
        if isinstance(step, Repeat | For | With):
            return all(self._is_link(inner, names) for inner in step.body)
        if isinstance(step, If):
            return all(self._is_link(inner, names) for inner in (*step.then, *step.otherwise))
        if isinstance(step, Inline):
            block = getattr(step.callee, "thing", None)
            return isinstance(block, Definition) and self.is_chain(block.body, {}, {}) if block else False
        return False

    def claims(self, body: Body, names: dict[str, Any]) -> int:
        """How many layers a body of a loop has."""
        total = 0
        for statement in body:
            step = statement.step if isinstance(statement, Stage) else None
            if isinstance(step, Apply):
                callee = names.get(step.callee.name) if isinstance(step.callee, Local) else None
                total += 0 if isinstance(callee, Value) else 1
            elif isinstance(step, Group):
                total += 1
            elif isinstance(step, Join):
                total += sum(self.claims(arm, names) for arm in step.arms)
            elif isinstance(step, With):
                total += self.claims(step.body, names)
            elif (
                isinstance(step, Inline)
                and isinstance(step.callee, Reference)
                and isinstance(step.callee.thing, Definition)
            ):
                total += self.claims(step.callee.thing.body, {})
            elif isinstance(step, If):
                counts = {self.claims(step.then, names), self.claims(step.otherwise, names)}
                if len(counts) > 1:
                    raise Untranslatable("how many layers a pass has")
                total += counts.pop()
            elif not isinstance(step, Take):
                raise Untranslatable("how many layers a pass has")
        return total

    def header(self, block: Definition, names: dict[str, Any], entries: list[Value]) -> dict[str, Any]:
        """The symbols of a block's first line: sizes of what comes in."""
        found: dict[str, Any] = {}
        for shape, entry in zip(block.header.takes if block.header else (), entries, strict=False):
            for size, dim in zip(shape, entry.dims, strict=True):
                if isinstance(size, Local) and size.name not in names:
                    found.setdefault(size.name, dim)
        return found

    # ---- classes

    def variant(self, block: Definition, entries: list[Value], values: dict[str, Any], defaults: Any) -> Made:
        """The class of a block for values of these ranks."""
        tensors = tuple(name for name, value in values.items() if isinstance(value, Value))
        ranks = tuple((len(value.dims), value.kind) for value in entries)
        frozen = tuple((op, tuple(sorted(given.items()))) for op, given in defaults.items())
        key = (block, ranks, tensors, frozen)
        if key in self.made:
            return self.made[key]
        used: list[tuple[int, int]] = []
        name = unique(class_name(block.name, "Block"), self.names)
        self.names.add(name)
        for _ in range(3):
            made = self._started(block, name, entries, tensors)
            self.made[key] = made
            if block in self.candidates or used:
                made.draft.use(made.entries[0].dims[1])
            place = Place(self, made.draft, made.environment, made.draft.init, None, defaults)
            before = list(made.draft.used)
            self._body(made, block.body, place)
            if not made.again or (used and before):
                break
            used = [(0, 1)]
        self.order.append(made)
        return made

    def _started(self, block: Definition, name: str, entries: list[Value], tensors: tuple[str, ...]) -> Made:
        environment: dict[str, Any] = {}
        arguments: list[Argument] = []
        names = [parameter_name(p.name) for p in block.parameters if p.name not in tensors]
        draft = Draft(name, [])
        draft.busy |= {*names, "self", *self.names}
        inside = self._inputs(entries, tensors, len(entries) > len(tensors), draft)
        values = inside[len(inside) - len(tensors) :] if tensors else []
        environment |= dict(zip(tensors, values, strict=True))
        for parameter in block.parameters:
            if parameter.name in tensors:
                continue
            argument, meaning = self._argument(block, parameter, environment)
            arguments.append(argument)
            environment[parameter.name] = meaning
        draft.parameters = [argument.name for argument in arguments]
        arguments.sort(key=lambda argument: argument.default is not calls.REQUIRED)
        environment |= self.header(block, environment, inside)
        draft.frames.append([v for n, v in environment.items() if n not in {p.name for p in block.parameters}])
        return Made(name, self, draft, arguments, inside, block, block.doc, environment=environment)

    def _inputs(self, entries: list[Value], tensors: Sequence[str], has_current: bool, draft: Draft) -> list[Value]:
        """The values that `forward` takes, their sizes read off what comes in."""
        names = (["x"] if has_current else []) + [unique(variable(name), TAKEN | {"x"}) for name in tensors]
        found = []
        for place, (entry, name) in enumerate(zip(entries, names, strict=True)):
            rank = len(entry.dims)
            prefix = "in" if place == 0 else name
            dims = tuple(
                Free(0) if axis == 0 else In(f"{prefix}_{_axis(axis, rank)}", axis, place) for axis in range(rank)
            )
            found.append(Value(dims, entry.kind, name, base=name))
        draft.own |= set()
        return found

    def _argument(self, block: Definition, parameter: Parameter, names: dict[str, Any]) -> tuple[Argument, Any]:
        """A parameter as the class has it, and what it means inside."""
        seen = self.evidence.get((block, parameter.name), [])
        default: Any = calls.REQUIRED
        if parameter.default is not None:
            default = evaluate(parameter.default, Scope(names, None, {}, self))
        name = parameter_name(parameter.name)
        options = [*seen, *([default] if default is not calls.REQUIRED else [])]
        things = [value for value in map(_plain, options) if _is_callable(value)]
        if things:
            candidates = tuple(dict.fromkeys(things))
            sized = self._is_sized(block, parameter.name, candidates)
            callee = Callee(name, candidates, sized, any(value is None for value in options))
            made = "nn.Module" if all(isinstance(candidate, type) for candidate in candidates) else "Any"
            annotation = f"Callable[{'...' if sized else '[]'}, {made}]"
            annotation += " | None" if callee.may_be_none else ""
            argument = Argument(parameter.name, name, annotation, default, callee)
            if _is_callable(default):
                argument = replace(argument, default=calls.Name(self.callable(default, argument)))
            return argument, callee
        kinds = [kind_of_plain(_plain(value)) for value in options if not isinstance(value, Sym)]
        kind = _united(kinds)
        return Argument(parameter.name, name, kind or "Any", default), Name(name, kind.removesuffix(" | None"))

    def _is_sized(self, block: Definition, name: str, candidates: tuple[Any, ...]) -> bool:
        """Whether what a parameter stands for is called with the width of what comes in."""
        if any(isinstance(candidate, Definition) for candidate in candidates):
            return True
        for part in _inside(block.body):
            if (
                isinstance(part, Apply)
                and isinstance(part.callee, Local)
                and part.callee.name == name
                and part.arguments
            ):
                return True
        return not all(map(_keeps_width, candidates))

    def callable(self, value: Any, parameter: Argument | None) -> str:
        """The class or the function that stands for an op or a block as an argument."""
        sized = parameter is not None and parameter.callee is not None and parameter.callee.is_sized
        if isinstance(value, Definition):
            if not sized:
                raise Untranslatable(f"{value.name} is handed where no width is given")
            found = [made for key, made in self.made.items() if isinstance(key, tuple) and key[0] is value]
            if not found:
                entry = Value((Free(0), Free(1), Free(2), Free(3)), "float", "x")
                found = [self.variant(value, [entry], {}, {})]
            return found[0].name
        if sized:
            return self._adapter(value)
        op = bind(value, (), 2, Scope({}, None, {}, self), {})
        low = lowered(op, Value((Free(0), Free(1), Free(2), Free(3)), "float", "x"))
        if low.make is None or any(not arg.omitted for arg in low.make.args):
            raise Untranslatable(f"{value.name} as an argument")
        return low.make.callee

    def _adapter(self, op: type[Op]) -> str:
        """A function that makes the layer of an op, with the arguments of the spec."""
        if op in self.adapters:
            return self.adapters[op]
        name = unique(variable(op.name, "layer"), self.names)
        self.names.add(name)
        self.adapters[op] = name
        attributes = op.attributes()
        values: dict[str, Any] = {}
        declared = ["in_channels: int"]
        for attribute in attributes.values():
            kind = {"Size": "int", "Size | None": "int", "int": "int", "float": "float", "bool": "bool", "str": "str"}
            if attribute.kind not in kind or attribute.default is None:
                values[attribute.name] = attribute.default
                continue
            own = Name(attribute.name, kind[attribute.kind])
            values[attribute.name] = (own, own) if attribute.kind.startswith("Size") else own
            default = "" if attribute.required else f" = {literal(attribute.default)}"
            declared.append(f"{attribute.name}: {kind[attribute.kind]}{default}")
        if any(value is calls.REQUIRED for value in values.values()) or hasattr(op, "flip"):
            values = {n: (v if n not in ("flip",) else False) for n, v in values.items()}
            declared = [text for text in declared if not text.startswith("flip:")]
        low = lowered(
            op(*values.values()), Value((Free(0), Name("in_channels", "int"), Free(2), Free(3)), "float", "x")
        )
        if low.make is None or low.use is not None:
            raise Untranslatable(f"{op.name} as an argument")
        text = list(lines(f"def {name}({', '.join(declared)})", 0, suffix=" -> nn.Module:"))
        text += lines(construction(low.make, {}), 4, prefix="return ")
        self.function_text.append(text)
        return name

    def dims_of(self, callee: Callee, step: Apply, x: Value, scope: Scope, entry: Entry) -> tuple[Any, ...]:
        """The sizes that what a parameter stands for leaves."""
        blocks = [c for c in callee.candidates if isinstance(c, Definition)]
        for block in blocks:
            self.variant(block, [x], {}, {})
        if blocks and len(blocks) == len(callee.candidates):
            made = self.variant(blocks[0], [x], {}, {})
            rank = len(made.dims) if made.done else len(x.dims)
            name = "out_channels" if rank > 2 else "out_features"
            return tuple(Own(entry, name) if axis == 1 else Free(axis) for axis in range(rank))
        if blocks:
            raise Untranslatable(f"{callee.name} stands for ops and for blocks")
        found = []
        for op in callee.candidates:
            made_op = bind(op, step.arguments or (), len(x.dims) - 2, scope, {})
            found.append(left_by(made_op, x.dims)[0])
        return tuple(
            column[0] if all(size == column[0] for size in column) else Free(axis)
            for axis, column in enumerate(zip(*found, strict=True))
        )

    def group(
        self, step: Group, current: Value, place: Place, names: tuple[Word, ...]
    ) -> tuple[Made, dict[str, Any], list[Value]]:
        """The class of a group, what it is given of the names around it, and the values that it takes."""
        used = {part.name for part in _inside(step.body) if isinstance(part, Local)}
        captured = [name for name in self.wanted(step.body) if name in place.draft.named]
        environment: dict[str, Any] = {}
        values: dict[str, Any] = {}
        arguments: list[Argument] = []
        tensors = [place.draft.named[name] for name in sorted(captured)]
        entries = [current, *tensors]
        first = names[0].parts[0] if names and isinstance(names[0].parts[0], str) else ""
        wanted = (
            class_name(first.rstrip("_"), "Group")
            if first and not first.isdigit()
            else class_name(f"{place.draft.name}Group", "Group")
        )
        name = unique(wanted, self.names)
        self.names.add(name)
        draft = Draft(name, [])
        inside = self._inputs(entries, sorted(captured), True, draft)
        for local in sorted(used, key=list(place.names).index if used <= set(place.names) else str):
            value = place.names.get(local)
            if local not in place.names:
                continue
            same = next(
                (
                    axis
                    for axis, dim in enumerate(current.dims)
                    if dim is value or (dim == value and isinstance(value, Sym))
                ),
                None,
            )
            if isinstance(value, Value):
                raise Untranslatable("a group takes a value that is a parameter")
            if same is not None and not isinstance(value, Free):
                environment[local] = inside[0].dims[same]
            elif isinstance(value, Callee):
                own = parameter_name(local)
                environment[local] = replace_callee(value, own)
                arguments.append(Argument(local, own, "Callable[..., Any]", callee=value))
                values[local] = value
            elif isinstance(value, Sym):
                own = parameter_name(local)
                kind = kind_of(value)
                environment[local] = Name(own, kind)
                arguments.append(Argument(local, own, kind or "Any"))
                values[local] = value
            else:
                environment[local] = value
        draft.parameters = [argument.name for argument in arguments]
        draft.busy |= {*draft.parameters, "self", *self.names}
        draft.named |= dict(zip(sorted(captured), inside[1:], strict=True))
        draft.own |= {value.code for value in inside[1:]}
        made = Made(name, self, draft, arguments, inside, None, "")
        self._body(made, step.body, Place(self, draft, environment, draft.init, None, place.defaults))
        self.order.append(made)
        return made, values, entries

    def _body(self, made: Made, body: Body, place: Place) -> None:
        """Translate a body into its class."""
        draft = made.draft
        draft.wanted |= self.wanted(body)
        inputs = made.entries
        outer, self.outputs = self.outputs, []
        is_network = made.definition is not None and made.definition.kind == "network"
        stages = tuple(s for s in body if not isinstance(s, InputOf)) if is_network else body
        if len(inputs) == 1 and self.is_chain(stages, place.names, place.defaults):
            made.container = Container("self")
            place = replace(place, items=made.container.items, container=made.container)
        left = walk(stages, inputs[-1] if is_network else inputs[0], place)
        if left is None:
            raise Untranslatable("a body without a value")
        draft.pending = [value for value in draft.pending if value is not left]
        draft.settle()
        made.result, made.dims, made.kind = left, left.dims, left.kind
        if self.outputs and not is_network:
            raise Untranslatable("an output inside of a block")
        made.outputs = self.outputs  # type: ignore[attr-defined]
        self.outputs = outer
        if not is_network:
            self._expose(made)
        made.done = True

    def _expose(self, made: Made) -> None:
        """What a class says of its width, where its arguments do not say it."""
        rank = len(made.dims)
        axis, name = (1, "out_channels") if rank > 2 else (rank - 1, "out_features")
        must = made.again or (made.definition is not None and made.definition in self.candidates)
        dim = made.dims[axis] if rank > 1 else Free(0)
        dim = dim.same if isinstance(dim, Var) else dim
        if isinstance(dim, Free):
            return
        if must or not made.is_pure(dim):
            made.draft.use(dim)
            items = made.container.items if made.container else made.draft.init
            items.append(Line(f"self.{name}{': int' * made.again} = ", dim))
            made.exposes[axis] = name

    # ---- text

    def text(self, made: Made, results: str | None = None, check: str = "") -> list[str]:
        """The lines of a class."""
        draft = made.draft
        base, body = self._constructor(made)
        out = [f"class {made.name}({base}):", *docstring(made.doc.strip() or shapes(made), 4)]
        if draft.finals:
            out += ["", *(f"    {name}: Final[bool]" for name in draft.finals)]
        if body:
            declared = ["self", *(f"{entry.name}: int" for entry in draft.used)]
            for a in made.parameters:
                default = "" if a.default is calls.REQUIRED else f" = {shown_default(a.default)}"
                declared.append(f"{a.name}: {a.annotation}{default}")
            out += ["", *signature(declared), *body]
        inputs = [value.code for value in made.entries]
        again = made.definition is not None and made.definition.name in self.checkpoint
        if made.container is not None and not check:
            return [*out, "", "    forward = checkpointed(nn.Sequential.forward)"] if again else out
        out += [""] + (["    @checkpointed"] if again else [])
        returned = results or "Tensor"
        taken = ", ".join(["self", *(f"{name}: Tensor" for name in inputs)])
        out += lines(f"def forward({taken})", 4, suffix=f" -> {returned}:")
        out += [f"        {check}"] if check else []
        if made.container is not None:
            return [
                *out,
                "        for layer in self:",
                f"            {inputs[0]} = layer({inputs[0]})",
                f"        return {inputs[0]}",
            ]
        out += self._forward(made, inputs, results)
        return out

    def _constructor(self, made: Made) -> tuple[str, list[str]]:
        """The base of a class, and the lines of its constructor."""
        draft = made.draft
        saves = [f"        self.{attribute} = {name}" for name, attribute in draft.saved.items()]
        if made.container is not None:
            items = made.container.items
            straight = all(
                isinstance(i, Entry) and not i.owner and (i.key is None or isinstance(i.key, str)) for i in items
            )
            if straight and items:
                doc = construction(sequential(items), {})
                if isinstance(doc, str):
                    body = list(lines(doc.replace("nn.Sequential(", "super().__init__(", 1), 8))
                    return "nn.Sequential", [*body, *saves]
                if doc.head == "nn.Sequential(":
                    return "nn.Sequential", [*lines(replace(doc, head="super().__init__("), 8), *saves]
            body = list(constructor(items, 8, "self"))
            return "nn.Sequential", ["        super().__init__()", *saves, *body] if body or saves else []
        body = list(constructor(draft.init, 8, "self"))
        flags = list(constructor(draft.init_flags, 8))
        flags = [line.replace(": Final[bool] = ", " = ") for line in flags]
        base = "nn.Module"
        if draft.subscripts:
            odd = [key for key in draft.subscripts if key and not is_subscript(key)]
            base = "Layers" if odd or CONTAINER_ATTRIBUTES & {*draft.keys} else "nn.ModuleDict"
        return base, ["        super().__init__()", *saves, *flags, *body] if saves or flags or body else []

    def _forward(self, made: Made, inputs: list[str], results: str | None) -> list[str]:
        draft, left = made.draft, made.result
        assert left is not None
        outputs = made.outputs  # type: ignore[attr-defined]
        out = list(statements(_each_layer(draft), 8))
        if len(outputs) > 1:
            return [*out, *lines(f"{results}({', '.join(value.code for _, value in outputs)})", 8, prefix="return ")]
        if len(outputs) == 1:
            left = outputs[0][1]
        head = f"        {left.code} = "
        if left.code.isidentifier() and out and out[-1].startswith(head):
            left = Value(left.dims, left.kind, out.pop().removeprefix(head), 1)
        known = left.code in inputs or left.code.startswith(("F.", "torch."))
        if known or (left.infix and "self" not in left.code):
            return [*out, *lines(left.code, 8, prefix="return ")]
        if left.code.isidentifier():
            first = next((i for i, line in enumerate(out) if line.startswith(f"        {left.code} = ")), None)
            if first is not None:
                out[first] = out[first].replace(" = ", ": Tensor = ", 1)
            return [*out, f"        return {left.code}"]
        name = unique("out", {*inputs, *draft.named})
        return [*out, *lines(left.code, 8, prefix=f"{name}: Tensor = "), f"        return {name}"]


def signature(declared: list[str]) -> Iterator[str]:
    """The first lines of a constructor; a default that is a long list has a line for each item."""
    text = f"def __init__({', '.join(declared)})"
    if not any(len(argument) > LONGEST for argument in declared):
        yield from lines(text, 4, suffix=" -> None:")
        return
    yield "    def __init__("
    for argument in declared:
        head, _, default = argument.partition(" = ")
        if len(argument) <= LONGEST or not default.startswith("("):
            yield f"        {argument},"
            continue
        yield f"        {head} = ("
        yield from (f"            {item}," for item in pieces(default[1:-1]))
        yield "        ),"
    yield "    ) -> None:"


def parameter_name(name: str) -> str:
    """The name of a parameter in Python: its own, unless that means something else there."""
    return name if name.isidentifier() and not iskeyword(name) and name not in TAKEN else variable(name, "size")


def shown_default(value: Any) -> str:
    """A default as a constructor declares it: a list is written as a tuple, which nobody can change."""
    if isinstance(value, calls.Name):
        return value.text
    return python(Pair(value)) if isinstance(value, tuple) and value else python(value)


def replace_callee(callee: Callee, name: str) -> Callee:
    return Callee(name, callee.candidates, callee.is_sized, callee.may_be_none)


def _each_layer(draft: Draft) -> list[Any]:
    """The statements of `forward`; a loop that applies the one layer of each pass goes through the layers."""
    loops = [item for item in draft.body if isinstance(item, Nest)]
    if len(draft.puts) != 1 or len(loops) != 1 or any(isinstance(line, Nest) for line in loops[0].items):
        return draft.body
    access, depth = draft.puts[0]
    text = "\n".join(loops[0].items)
    if depth != 1 or text.count(access) != 1 or "layer" in re.findall(r"\w+", text.replace(access, "")):
        return draft.body
    rest = text.replace(access, "")
    if any(re.search(rf"\b{name}\b", rest) for name in draft.counters):
        return draft.body
    lines_ = [line.replace(access, "layer") for line in loops[0].items]
    loop = Nest(lambda below: "for layer in self.values():", lines_)
    draft.saved = {n: a for n, a in draft.saved.items() if a in draft.asked}
    return [loop if item is loops[0] else item for item in draft.body]


def shapes(made: Made) -> str:
    """The sizes that come in and leave, as far as a class knows them."""

    def one(dims: tuple[Any, ...]) -> str:
        shown = [
            "N" if axis == 0 else "…" if _is_open(dim, axis, len(dims)) else python(dim)
            for axis, dim in enumerate(dims)
        ]
        kept = [size for axis, size in enumerate(shown) if size != "…" or axis == 0 or shown[axis - 1] != "…"]
        return f"[{', '.join(kept)}]"

    names = ", ".join(one(entry.dims) for entry in made.entries)
    outputs = getattr(made, "outputs", None)
    left = ", ".join(one(value.dims) for _, value in outputs) if outputs else one(made.dims)
    return f"{names} -> {left}"


def _is_open(dim: Any, axis: int, rank: int) -> bool:
    dim = dim.same if isinstance(dim, Var) else dim
    if isinstance(dim, In):
        return axis > 1 and rank > 3
    return any(isinstance(part, Free | Var | Own) for part in parts(dim)) or (
        axis > 1 and isinstance(dim, Sym) and rank > 3
    )


def _axis(axis: int, rank: int) -> str:
    if rank == 2:
        return "features"
    if axis == 1:
        return "channels"
    if rank == 3:
        return "features"
    return {rank - 1: "width", rank - 2: "height", rank - 3: "depth"}[axis]


def _keeps_width(op: type[Op]) -> bool:
    """Whether the layer of an op is constructed without the width, and leaves it as it is."""
    return op not in RULES and not op.is_norm


def _is_value(node: Any, names: dict[str, Any]) -> bool:
    return isinstance(node, Local) and isinstance(names.get(node.name), Value)


def _is_callable(value: Any) -> bool:
    return isinstance(value, Definition) or (isinstance(value, type) and issubclass(value, Op))


def _plain(value: Any) -> Any:
    """A value of the graph; an op that is handed on is its class."""
    op = getattr(value, "op", None)
    return op if isinstance(op, type) else value


def kind_of_plain(value: Any) -> str:
    """The type of a known value, as an annotation."""
    if value is None:
        return "None"
    if isinstance(value, tuple):
        inner = {kind_of_plain(item) for item in value}
        one = _united(sorted(inner))
        return f"Sequence[{one or 'Any'}]"
    if isinstance(value, bool | int | float | str):
        return type(value).__name__
    return "Any"


def _united(kinds: Sequence[str]) -> str:
    """One type for several values."""
    found = list(dict.fromkeys(kinds))
    rest = [kind for kind in found if kind != "None"]
    if set(rest) == {"int", "float"}:
        rest = ["float"]
    if len(rest) > 1 and all(kind.startswith("Sequence[") for kind in rest):
        return "Sequence[Any]"
    if len(rest) != 1:
        return ""
    return rest[0] + (" | None" if "None" in found else "")


def _inside(part: Any) -> Iterator[Any]:
    """Everything that a part of a definition consists of; not what it refers to."""
    yield part
    if isinstance(part, tuple):
        for item in part:
            yield from _inside(item)
    elif isinstance(part, Record) and not isinstance(part, Definition | Function):
        for name, item in part.values().items():
            if name not in ("thing", "span", "op") and isinstance(item, tuple | Record):
                yield from _inside(item)


def _kinds_in(function: Function) -> dict[str, str]:
    """The types of a function's parameters, by how they are used."""
    found: dict[str, str] = {}
    for parameter in function.parameters:
        default = getattr(parameter.default, "value", None)
        found[parameter.name] = type(default).__name__ if default is not None else "float"
    for part in _inside(function.result):
        if type(part).__name__ == "Index":
            for side, kind in ((part.value, "Sequence[int]"), (part.index, "int")):
                for inner in _inside(side):
                    if isinstance(inner, Local) and inner.name in found:
                        found[inner.name] = kind
        if isinstance(part, Application) and getattr(part.callee, "thing", "") in ("len", "sum"):
            for given in part.arguments:
                if isinstance(given.value, Local) and given.value.name in found:
                    found[given.value.name] = "Sequence[int]"
        if isinstance(part, Application) and getattr(part.callee, "thing", "") == "range":
            for given in part.arguments:
                if isinstance(given.value, Local) and given.value.name in found:
                    found[given.value.name] = "int"
    return found


def _outside_rounding(value: Any) -> Iterator[Any]:
    """The parts of an expression that are not rounded."""
    yield value
    if isinstance(value, Sym) and not getattr(value, "callee", "").startswith("math."):
        for item in value.values().values():
            if isinstance(item, Sym):
                yield from _outside_rounding(item)
            elif isinstance(item, tuple):
                for inner in item:
                    yield from _outside_rounding(inner[1] if isinstance(inner, tuple) and len(inner) == 2 else inner)


_ = (ApplyShared, Block, OutputOf, Shared, Step, flat, is_attribute)
