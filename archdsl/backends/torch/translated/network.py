"""The network's own class, what is made from it, and the check of what it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from archdsl.backends.python.docstrings import docstring
from archdsl.backends.python.layout import lines
from archdsl.backends.python.names import unique
from archdsl.backends.torch import calls
from archdsl.backends.torch.inputs import _WRONG_KINDS, CHECK, _condition, _raise, check
from archdsl.backends.torch.names import TAKEN, class_name, variable
from archdsl.backends.torch.translated.bodies import Place
from archdsl.backends.torch.translated.draft import Draft
from archdsl.backends.torch.translated.file import (
    Argument,
    File,
    Made,
    _is_callable,
    parameter_name,
    shown_default,
    signature,
)
from archdsl.backends.torch.translated.scope import Scope, Value, bound, evaluate
from archdsl.backends.torch.translated.symbolic import Free, Name, Sym, Untranslatable, parts, python
from archdsl.graph.definition import Definition, InputOf, Local, Origin
from archdsl.graph.nodes import Graph
from archdsl.graph.written import _family, expression


class Translation:
    """The classes of a network as text, and what the live module must know of them."""

    def __init__(self, graph: Graph, checkpoint: frozenset[str], own: frozenset[str]) -> None:
        origin = graph.origin
        if not isinstance(origin, Origin):
            raise Untranslatable("the graph is no longer what the spec says")
        self.graph, self.origin, self.definition = graph, origin, origin.definition
        self.file = File(graph, checkpoint, own)
        self.base = unique(class_name(self.definition.name, "Network"), self.file.names)
        self.file.names.add(self.base)
        self.name = self.base
        if origin.made:
            self.name = unique(class_name(graph.name, "Network"), self.file.names)
            self.file.names.add(self.name)
        results = (
            unique(class_name(f"{graph.name}_output", "Output"), self.file.names) if len(graph.outputs) > 1 else None
        )
        self.results = results
        self.file.names |= {results} if results else set()
        self.made = self._network()

    def _network(self) -> Made:
        file, definition = self.file, self.definition
        draft = Draft(self.base, [])
        draft.busy |= {"self", *file.names, *(parameter_name(p.name) for p in definition.parameters)}
        names: dict[str, Any] = {}
        arguments: list[Argument] = []
        values = dict(self.graph.arguments)
        for parameter in definition.parameters:
            argument, meaning = file._argument(definition, parameter, names)
            if parameter.name in self.origin.settings and not self.origin.made:
                given = values[parameter.name]
                default = calls.Name(file.callable(given, argument)) if _is_callable(given) else given
                argument = replace(argument, default=default)
            arguments.append(argument)
            names[parameter.name] = meaning
        draft.parameters = [argument.name for argument in arguments]
        arguments.sort(key=lambda argument: argument.default is not calls.REQUIRED)
        statements = [s for s in definition.body if isinstance(s, InputOf)]
        inputs: list[Value] = []
        for statement, entry in zip(statements, self.graph.inputs, strict=True):
            dims: list[Any] = []
            for axis, (size, dim) in enumerate(zip(statement.sizes, entry.shape.dims, strict=True)):
                if isinstance(size, Local) and size.name not in {p.name for p in definition.parameters}:
                    names.setdefault(size.name, dim if isinstance(dim, int) else Free(axis))
                dims.append(Free(axis) if axis == 0 else evaluate(size, Scope(names, None, {}, file)))
            code = unique(variable(statement.name), {*TAKEN, *(value.code for value in inputs)})
            value = Value(tuple(dims), statement.kind, code, base=code)
            inputs.append(value)
            draft.named[statement.name] = value
            draft.own.add(code)
        made = Made(
            self.base,
            file,
            draft,
            arguments,
            inputs,
            definition,
            self.graph.doc if not self.origin.made else definition.doc,
        )
        draft.wanted |= file.wanted(definition.body)
        file._body(made, definition.body, Place(file, draft, names, draft.init))
        self.names = names
        return made

    def blocks(self, wanted: frozenset[str]) -> list[str]:
        """The classes of the blocks of these names, or of all blocks."""
        made = [made for made in self.file.order if made.definition is not None]
        return [m.name for m in made if m.definition and (not wanted or m.definition.name in wanted)]

    def parts(self, results: Callable[[Graph, str, str], Iterable[str]]) -> list[list[str]]:
        """The parts of the file in their order: named tuple, functions, classes, the check, the network, the family.

        `results` writes the named tuple of several outputs.
        """
        found: list[list[str]] = []
        if self.results:
            found.append(list(results(self.graph, self.results, self.name)))
        checks, call = self._check()
        classes = [self.file.text(made) for made in self.file.order]
        network = self.file.text(self.made, self.results, call)
        family = [self._family()] if self.origin.made else []
        return [*found, *self.file.function_lines(), *self.file.function_text, *classes, checks, network, *family]

    def _check(self) -> tuple[list[str], str]:
        """The function that checks what comes in, and its call."""
        names = [value.code for value in self.made.entries]
        if not self.definition.parameters:
            return list(check(self.graph, self.base, names)), f"{CHECK}({', '.join(names)})"
        given, out = list(self._checked(names)), []
        arguments, body = given[0], given[1:]
        declared = [*(f"{name}: Tensor" for name in names), *(f"{name}: int" for name in arguments)]
        out.append("@torch.fx.wrap  # torch.fx keeps the call as it is")
        out += lines(f"def {CHECK}({', '.join(declared)})", 0, suffix=" -> None:")
        out.append(f'    """Raise an error that says what {self.base} takes."""')
        out += body
        kept = [self.made.draft.keep(Name(name, "int")) for name in arguments]
        return out, f"{CHECK}({', '.join([*names, *kept])})"

    def _checked(self, names: list[str]) -> Iterator[Any]:
        """The arguments that the check takes besides inputs, then its lines."""
        read: dict[str, Any] = {}
        wrong: list[str] = []
        shown: list[str] = []
        used: dict[str, None] = {}
        own = {p.name: parameter_name(p.name) for p in self.definition.parameters}
        rows: list[str] = []
        statements = [s for s in self.definition.body if isinstance(s, InputOf)]
        for statement, name in zip(statements, names, strict=True):
            rows += _condition([_WRONG_KINDS[statement.kind].format(name=name)])
            numbers = "real" if statement.kind == "float" else "whole"
            rows += _raise(
                "TypeError", f"{self.base} takes {numbers} numbers as {statement.name}; got {{{name}.dtype}}"
            )
            wrong.append(f"{name}.ndim != {len(statement.sizes)}")
            sizes = []
            for axis, size in enumerate(statement.sizes):
                place = Name(f"{name}.shape[{axis}]", "int")
                if isinstance(size, Local) and size.name not in own and size.name not in read:
                    known = self.names.get(size.name)
                    read[size.name] = place
                    if isinstance(known, int):
                        wrong.append(f"{place.text} != {known}")
                    sizes.append(str(known) if isinstance(known, int) else size.name)
                    continue
                value = evaluate(
                    size, Scope({**{n: Name(v, "int") for n, v in own.items()}, **read}, None, {}, self.file)
                )
                used |= dict.fromkeys(_names(value, own))
                wrong.append(f"{place.text} != {python(value, 5)}")
                sizes.append(
                    f"{{{python(value)}}}" if isinstance(value, Sym) and _names(value, own) else expression(size)
                )
            shown.append(f"{statement.name} [{', '.join(sizes)}]")
        stated = []
        for statement in statements:
            for clause in statement.where:
                scope = Scope({**{n: Name(v, "int") for n, v in own.items()}, **read}, None, {}, self.file)
                value = evaluate(clause, scope)
                used |= dict.fromkeys(_names(value, own))
                wrong.append(_opposite(value))
                stated.append(expression(clause))
        where = f" with {', '.join(stated)}" if stated else ""
        rows += _condition(wrong)
        found = ", ".join(f"{{list({name}.shape)}}" for name in names)
        rows += _raise("ValueError", f"{self.base} takes {', '.join(shown)}{where}; got {found}")
        yield list(used)
        yield from rows

    def _said(self, outer: Any) -> str:
        """What the docstring of a family says: its own words, or how it is made."""
        words = self.graph.doc.strip()
        return words if words and words != self.definition.doc.strip() else _family(outer).partition(" = ")[2]

    def _family(self) -> list[str]:
        """The class of a network that is made from another: a constructor with the arguments filled in."""
        file = self.file
        given: dict[str, Any] = {}
        own: dict[str, Argument] = {}
        known = {argument.spec: argument for argument in self.made.parameters}
        settings = {name: value for name, value in dict(self.graph.arguments).items() if name in self.origin.settings}
        level: list[Any] = list(self.origin.made)
        names: dict[str, Any] = {}
        outer = level[0]
        for family_parameter in outer.parameters:
            default = (
                evaluate(family_parameter.default, Scope(dict(names), None, {}, file))
                if family_parameter.default
                else calls.REQUIRED
            )
            name = parameter_name(family_parameter.name)
            own[family_parameter.name] = Argument(family_parameter.name, name, _type(default), default)
            names[family_parameter.name] = Name(name, _type(default))
        if len(level) > 1:
            raise Untranslatable("a family of a family")
        scope = Scope(names, None, {}, file)
        for name, node in bound(self.definition.parameters, outer.arguments).items():
            given[name] = evaluate(node, scope)
        rest = [argument for argument in self.made.parameters if argument.spec not in given]
        for argument in rest:
            default = settings.get(argument.spec, argument.default)
            own[argument.spec] = replace(argument, default=default)
        if any(name in self.origin.settings for name in given) or any(
            name in {p.name for p in outer.parameters} for name in self.origin.settings
        ):
            raise Untranslatable("a family whose own arguments are set from outside")
        out = [f"class {self.name}({self.base}):", *docstring(self._said(outer), 4), ""]
        declared = ["self"]
        for argument in sorted(own.values(), key=lambda a: a.default is not calls.REQUIRED):
            default = "" if argument.default is calls.REQUIRED else f" = {shown_default(argument.default)}"
            declared.append(f"{argument.name}: {argument.annotation}{default}")
        out += signature(declared)
        passed: list[str] = []
        named = {g.name for g in outer.arguments if g.name}
        position = True
        for argument in self.made.parameters:
            if argument.spec in given:
                value = given[argument.spec]
                text = file.callable(value, known[argument.spec]) if _is_callable(value) else python(value)
            else:
                text = own[argument.spec].name
            leads = position and (argument.spec not in named)
            position = leads
            passed.append(text if leads else f"{argument.name}={text}")
        out += lines(f"super().__init__({', '.join(passed)})", 8)
        return out


def _names(value: Any, own: dict[str, str]) -> list[str]:
    return [part.text for part in parts(value) if isinstance(part, Name) and part.text in own.values()]


def _type(value: Any) -> str:
    from archdsl.backends.torch.translated.file import kind_of_plain

    return "Any" if value is calls.REQUIRED or isinstance(value, Sym) else kind_of_plain(value)


OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def _opposite(value: Any) -> str:
    operator = getattr(value, "operator", "")
    if operator == "and":
        return f"{_opposite(value.left)} or {_opposite(value.right)}"
    if operator not in OPPOSITE:
        raise Untranslatable("what the input states")
    return f"{python(value.left, 5)} {OPPOSITE[operator]} {python(value.right, 5)}"


_ = Definition
