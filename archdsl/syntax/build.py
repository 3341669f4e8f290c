"""From the parser's events to the typed tree.

The automaton calls one method for each rule as it is complete, bottom up: no other tree is ever made and nothing
recurses, so that nesting costs no stack. Children are words, nodes of `tree`, and plain tuples for the small rules in
between.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from archdsl.source import Source, Span
from archdsl.syntax import tree
from archdsl.syntax.automaton import Word, run
from archdsl.syntax.edited import Edited
from archdsl.syntax.tables import TABLES

MULTIPLES = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n", "\\t": "\t"}


class Part(tuple[Any, ...]):
    """What a small rule collects for the rule above it: a row of nodes, and the place of the whole."""

    span: Span


class Builder:
    """Makes the nodes of one source. Its words may stand in an edited text; `base` is added to all their offsets."""

    def __init__(self, source: Source, text: Edited) -> None:
        self.source = source
        self.text = text
        self.base = 0
        self.inner: str | None = None
        """The text of the expression inside a word that is being parsed."""

    def make(self, rule: str, children: list[Any]) -> Any:
        """What stands for a rule in the tree: each has a method of its name."""
        return getattr(self, rule)(children)

    # ---- places and rows

    def _span(self, children: list[Any]) -> Span:
        first, last = children[0], children[-1]
        start = self.text.original(first.start + self.base) if isinstance(first, Word) else first.span.start
        end = self.text.original(last.end + self.base) if isinstance(last, Word) else last.span.end
        return Span(self.source, start, max(start, end))

    def _part(self, children: list[Any]) -> Part:
        part = Part(_nodes(children))
        part.span = self._span(children)
        return part

    def _name(self, word: Word) -> tree.Name:
        return tree.Name(self._span([word]), word.text)

    # ---- expressions

    def name(self, c: list[Any]) -> tree.Name:
        return self._name(c[0])

    def incoming(self, c: list[Any]) -> tree.Incoming:
        return tree.Incoming(self._span(c))

    def literal(self, c: list[Any]) -> tree.Literal:
        return tree.Literal(self._span(c), LITERALS[c[0].kind](c[0].text))

    def list_(self, c: list[Any]) -> tree.Sequence:
        return tree.Sequence(self._span(c), _nodes(c))

    def tuple_(self, c: list[Any]) -> tree.Sequence:
        return tree.Sequence(self._span(c), _nodes(c), is_tuple=True)

    def grouped(self, c: list[Any]) -> tree.Expression:
        expression: tree.Expression = c[1]
        return expression

    def index(self, c: list[Any]) -> Part:
        return self._part(c)

    def attribute(self, c: list[Any]) -> tree.Name:
        return tree.Name(self._span(c), c[1].text)

    def postfix(self, c: list[Any]) -> tree.Expression:
        value: tree.Expression = c[0]
        for suffix in c[1:]:
            span = self._span([value, suffix])
            if isinstance(suffix, tree.Name):
                value = tree.Attribute(span, value, suffix.name)
            elif suffix and not isinstance(suffix[0], tree.Argument):
                value = tree.Index(span, value, suffix[0])
            else:
                value = tree.CallExpression(span, value, tuple(suffix))
        return value

    def _row(self, c: list[Any]) -> tree.Chained:
        rest = tuple((c[i].text, c[i + 1]) for i in range(1, len(c), 2))
        return tree.Chained(self._span(c), c[0], rest)

    either = both = comparison = sum_ = term = power = _row

    def signed(self, c: list[Any]) -> tree.Unary:
        return tree.Unary(self._span(c), c[0].text, c[1])

    not_ = signed

    def ternary(self, c: list[Any]) -> tree.Conditional:
        return tree.Conditional(self._span(c), c[0], c[2], c[4])

    def argument(self, c: list[Any]) -> tree.Argument:
        value = self._layer_name(c[-1]) if isinstance(c[-1], Word) else c[-1]
        return tree.Argument(self._span(c), c[0].text if len(c) == 3 else None, value)

    def arguments(self, c: list[Any]) -> Part:
        return self._part(c)

    # ---- bodies

    def layer_name(self, c: list[Any]) -> tree.LayerName:
        return self._layer_name(c[0])

    def _layer_name(self, word: Word) -> tree.LayerName:
        span = self._span([word])
        if word.kind == "TEMPLATE":
            return tree.LayerName(span, tuple(self._template(word.text, span.start)))
        return tree.LayerName(span, (_string(word.text) if word.kind == "STRING" else word.text,))

    def _template(self, text: str, start: int) -> list[str | tree.Expression]:
        """The parts of `layer{i + 1}`: words as they are, expressions parsed by themselves."""
        parts: list[str | tree.Expression] = []
        for index, piece in enumerate(re.split(r"[{}]", text)):
            if index % 2:
                parts.append(self.expression_at(piece, start))
            elif piece:
                parts.append(piece)
            start += len(piece) + 1
        return parts

    def expression_at(self, text: str, start: int) -> tree.Expression:
        """Parse an expression that stands inside a word."""
        outer, self.base, self.inner = self.base, start, text
        found: tree.Expression = run(TABLES, text, "expression", self.make)
        self.base, self.inner = outer, None  # after a mistake they tell where it was made
        return found

    def apply(self, c: list[Any]) -> tree.Apply:
        name = c[0] if isinstance(c[0], tree.LayerName) else self._layer_name(c[0])
        return tree.Apply(self._span(c), name, tuple(c[1]) if len(c) > 1 else None)

    def dotted(self, c: list[Any]) -> tree.LayerName:
        """A name of another library, `nn.ReLU`, which means nothing here: what is meant instead is said later."""
        return tree.LayerName(self._span(c), ("".join(word.text for word in c),))

    def default(self, c: list[Any]) -> tree.Apply:
        return self.apply(c)

    def inline(self, c: list[Any]) -> tree.Inline:
        return tree.Inline(self._span(c), self._layer_name(c[1]), tuple(c[2]) if len(c) > 2 else None)

    def branch(self, c: list[Any]) -> tree.Branch:
        arguments = next((tuple(part) for part in c if isinstance(part, Part)), None)
        arms = tuple(part for part in c if isinstance(part, tree.Body))
        return tree.Branch(self._span(c), self._layer_name(c[0]), arguments, arms)

    def body(self, c: list[Any]) -> tree.Body:
        return tree.Body(self._span(c), _nodes(c))

    arm = body

    def group(self, c: list[Any]) -> tree.Group:
        return tree.Group(self._span(c), c[0])

    def repeat(self, c: list[Any]) -> tree.Repeat:
        counter = self._name(c[1]) if len(c) == 5 else None
        return tree.Repeat(self._span(c), counter, c[-2], c[-1])

    def target(self, c: list[Any]) -> Part:
        part = Part(self._name(word) for word in c if word.kind == "NAME")
        part.span = self._span(c)
        return part

    def for_(self, c: list[Any]) -> tree.For:
        targets = tuple(tuple(part) for part in c if isinstance(part, Part))
        return tree.For(self._span(c), targets, c[-2], c[-1])

    def if_(self, c: list[Any]) -> tree.If:
        return tree.If(self._span(c), c[1], c[2], c[4] if len(c) > 3 else None)

    def with_(self, c: list[Any]) -> tree.With:
        *defaults, body = _nodes(c)
        return tree.With(self._span(c), tuple(defaults), body)

    def broken(self, c: list[Any]) -> tree.Broken:
        return tree.Broken(self._span(c))

    def names(self, c: list[Any]) -> Part:
        return self._part(c)

    def contract(self, c: list[Any]) -> Part:
        return self._part(c)

    def link(self, c: list[Any]) -> tree.Link:
        names = tuple(c[0]) if isinstance(c[0], Part) else ()
        contract = c[-1][0] if isinstance(c[-1], Part) else None
        step = c[2] if names else c[0]
        return tree.Link(self._span(c), names, step, contract)

    def chain(self, c: list[Any]) -> tree.Chain:
        return tree.Chain(self._span(c), _nodes(c))

    def input(self, c: list[Any]) -> tree.InputDeclaration:
        kind = next((word.text for word in c if isinstance(word, Word) and word.kind == "KIND"), "float")
        shape = next(node for node in c if isinstance(node, tree.Sequence))
        where = tuple(c[-1]) if isinstance(c[-1], Part) else ()
        return tree.InputDeclaration(self._span(c), self._name(c[1]), kind, shape, where)

    def where(self, c: list[Any]) -> Part:
        return self._part(c)

    def output(self, c: list[Any]) -> tree.Output:
        return tree.Output(self._span(c), c[1])

    def expect(self, c: list[Any]) -> tree.Expect:
        return tree.Expect(self._span(c), c[1])

    def shared(self, c: list[Any]) -> tree.Shared:
        return tree.Shared(self._span(c), c[1], c[3])

    # ---- files

    def parameter(self, c: list[Any]) -> tree.Parameter:
        return tree.Parameter(self._span(c), c[0].text, c[2] if len(c) == 3 else None)

    def parameters(self, c: list[Any]) -> Part:
        return self._part(c)

    def imported(self, c: list[Any]) -> tree.Name:
        return self._name(c[0])

    def import_(self, c: list[Any]) -> tree.Import:
        path = tree.Literal(self._span([c[1]]), _string(c[1].text))
        return tree.Import(self._span(c), path, _nodes(c))

    def results(self, c: list[Any]) -> Part:
        return self._part(c)

    def signature(self, c: list[Any]) -> tree.Signature:
        return tree.Signature(self._span(c), tuple(n for n in c if isinstance(n, tree.Sequence)), tuple(c[-1]))

    def block(self, c: list[Any]) -> tree.Block:
        signature = next((node for node in c if isinstance(node, tree.Signature)), None)
        return tree.Block(self._span(c), self._name(c[1]), _parameters(c), signature, c[-1])

    def network(self, c: list[Any]) -> tree.Network:
        return tree.Network(self._span(c), self._name(c[1]), _parameters(c), c[-1])

    def family(self, c: list[Any]) -> tree.Family:
        body = c[-1] if isinstance(c[-1], tree.Body) else None
        base = c[-2] if body else c[-1]
        return tree.Family(self._span(c), self._name(c[1]), _parameters(c), base, body)

    def function(self, c: list[Any]) -> tree.Function:
        return tree.Function(self._span(c), self._name(c[1]), _parameters(c), c[-1])

    def start(self, c: list[Any]) -> list[tree.Item]:
        return [node for node in c if not isinstance(node, Word)]


def _nodes(children: list[Any]) -> tuple[Any, ...]:
    return tuple(child for child in children if not isinstance(child, Word))


def _parameters(children: list[Any]) -> tuple[tree.Parameter, ...]:
    return next((tuple(child) for child in children if isinstance(child, Part)), ())


def _string(text: str) -> str:
    return re.sub(r'\\["\\nt]', lambda match: ESCAPES[match[0]], text[1:-1])


def _quantity(text: str) -> int | float:
    """4.2G as 4200000000: exact where the digits allow."""
    whole, _, decimals = text[:-1].replace("_", "").partition(".")
    number, scale = int(whole + decimals) * MULTIPLES[text[-1]], int(10 ** len(decimals))
    return number // scale if number % scale == 0 else number / scale


LITERALS: dict[str, Callable[[str], int | float | str | bool | None]] = {
    "INT": lambda text: int(text.replace("_", "")),
    "FLOAT": lambda text: float(text.replace("_", "")),
    "QUANTITY": _quantity,
    "STRING": _string,
    "TRUE": lambda text: True,
    "FALSE": lambda text: False,
    "NONE": lambda text: None,
}
