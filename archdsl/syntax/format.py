"""One style for specs: how each construct of the grammar is set.

Takes a text, returns it in that style, with the same tree and the same comments, each beside or above what it was; a
text that does not parse is returned as its problems. What an author decides is kept: where the arrows of a long chain
break, which bodies stand on one line, single empty lines. The rest follows from the rules below.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence

from archdsl.diagnostics import Diagnostic
from archdsl.limits import limited, limits
from archdsl.source import Source
from archdsl.syntax import concrete
from archdsl.syntax.automaton import Word
from archdsl.syntax.columns import aligned
from archdsl.syntax.concrete import Child, Comments, Node, first_word, last_word
from archdsl.syntax.layout import (
    BLANK,
    HARD,
    NOTHING,
    SPACE,
    STEP,
    Above,
    Document,
    Glue,
    Group,
    IfBroken,
    Indent,
    IndentIfBroken,
    Row,
    Stop,
    Trailing,
    lay_out,
)
from archdsl.syntax.same import same

_BARE = re.compile(r"(#+)(?=[^\s#!])")
RECURSION = 50_000
ARM = 2
"""The bar of an arm and the space behind it."""


def format(source: Source) -> tuple[str | None, list[Diagnostic]]:
    """The text in the one style, or what is wrong with it.

    format(Source("t.arch", "network t{input x:[N,4]\\n relu}"))[0]      # "network t {\\n    input x: [N, 4]\\n …"
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION))  # bounded by the limit on nesting, not by the stack
    try:
        return _format(source)
    finally:
        sys.setrecursionlimit(before)


def _format(source: Source) -> tuple[str | None, list[Diagnostic]]:
    read, file, problems = concrete.read(source)
    if read is None:
        return None, problems
    text = "".join(f"{line}\n" for line in aligned(list(_Formatter(source.text, read.comments).file(read.root))))
    with limited({"bytes": max(limits().bytes, len(text)), "words": 2 * limits().words}):  # deep lines grow, commas too
        again, file_again, _ = concrete.read(Source(source.name, text))
    assert again is not None and same(file, file_again), "formatting would have changed the meaning"
    kept = [_comment(comment) for _, comment in concrete.comments(source.text)]
    assert kept == [comment for _, comment in concrete.comments(text)], "formatting would have lost a comment"
    return text.replace("\n", "\r\n") if "\r\n" in source.text else text, []


def _comment(text: str) -> str:
    """A comment with a space behind its sign."""
    return _BARE.sub(r"\1 ", text, count=1) if _BARE.match(text) else text


class _Formatter:
    """Documents for the rules of one text."""

    def __init__(self, text: str, comments: Comments) -> None:
        self.text = text
        self.comments = comments
        self.inside = 0  # round and square brackets around a place: lines may break there before an operator

    # ---- files

    def file(self, root: Node) -> Iterator[Row]:
        """The lines of all items. Those of several lines stand by themselves, others where their author put them."""
        last: list[Row] = []
        for item in (child for child in root.children if isinstance(child, Node)):
            above = self._above(item)
            rows = lay_out(self.node(item))
            for index, (comment, is_apart) in enumerate(above):
                last_item, last = last, [Row(0, comment=comment)]
                yield from self._apart(last_item, is_apart or (index == 0 and _is_tall(rows)))
                yield from last
            yield from self._apart(last, self._is_apart(_start(item)) or (not above and _is_tall(rows)))
            last = rows
            yield from last
        for offset, comment in self.comments.last:
            yield from self._apart(last, self._is_apart(offset))
            last = [Row(0, comment=_comment(comment))]
            yield from last

    def _apart(self, last: list[Row], is_apart: bool) -> list[Row]:
        """The empty line between what was last and what follows, if there is to be one."""
        return [Row(0)] if last and (is_apart or _is_tall(last)) else []

    def _above(self, node: Child) -> list[tuple[str, bool]]:
        """The comments above a construct, which are taken off its first word, and whether each is set apart."""
        found = self.comments.above.pop(_start(node), [])
        return [(_comment(comment), self._is_apart(offset)) for offset, comment in found]

    def _is_apart(self, offset: int) -> bool:
        """Whether there is an empty line above a place, which starts its own line."""
        line = self.text.rfind("\n", 0, offset)
        above = self.text[self.text.rfind("\n", 0, line) + 1 : line] if line > 0 else "#"
        return not above.strip() and not self.text[line + 1 : offset].strip()

    # ---- words

    def node(self, child: Child) -> Document:
        if isinstance(child, Word):
            return self.word(child)
        return RULES[child.rule](self, child)

    def word(self, token: Word) -> Document:
        """A word with its comments."""
        text: Document = self._template(token) if token.kind == "TEMPLATE" else token.text
        return self.with_comments(token, text)

    def with_comments(self, token: Word, text: Document) -> Document:
        start = token.start
        above = tuple(_comment(comment) for _, comment in self.comments.above.get(start, ()))
        beside = self.comments.beside.get(start)
        if not above and beside is None:
            return text
        return [*([Above(above)] if above else []), text, *([Trailing(_comment(beside))] if beside else [])]

    def _template(self, token: Word) -> str:
        """A name that holds expressions: they are set as any other, without spaces at their ends."""
        parts = re.split(r"[{}]", token.text)
        bare = _Formatter("", Comments())
        for index in range(1, len(parts), 2):
            (row,) = lay_out(bare.node(concrete.expression(parts[index])))
            parts[index] = f"{{{row.text}}}"
        return "".join(parts)

    def spaced(self, node: Node) -> Document:
        """All words with a space between them."""
        return self._between(node.children, " ")

    def joined(self, node: Node) -> Document:
        """All words without a space."""
        return [self.node(child) for child in node.children]

    def _between(self, children: Sequence[Child], separator: Document) -> Document:
        documents = [self.node(child) for child in children]
        return [part for document in documents for part in (separator, document)][1:]

    def listed(self, node: Node) -> Document:
        """Words and commas on one line."""
        return self._listed(node.children, " ")

    def _listed(self, children: Sequence[Child], line: Document) -> Document:
        """Words and commas, which stand at the end of what is before them."""
        parts: list[Document] = []
        for child in children:
            if isinstance(child, Word) and child.kind == "COMMA":
                parts.append(self.with_comments(child, Glue(",")))
            else:
                parts += [*([line] if parts else []), self.node(child)]
        return parts

    # ---- brackets

    def brackets(self, node: Node) -> Document:
        """What stands in brackets: on one line, or each part on its own with a comma behind the last one.

        A comma that its author wrote behind the last one, at the end of a line, keeps them apart.
        """
        opening, *content, closing = node.children
        assert isinstance(opening, Word) and isinstance(closing, Word)
        is_open = bool(content) and _is(content[-1], "COMMA") and self._breaks(_end(content[-1]), _start(closing))
        is_open = is_open or self._has_comments(_end(opening), _start(closing))
        parts = [child for child in content if not _is(child, "COMMA")]
        commas = [child for child in content if _is(child, "COMMA")]
        self.inside += 1
        inner: list[Document] = []
        for index, part in enumerate(parts):
            inner += [NOTHING if index == 0 else SPACE, self.node(part)]
            if index < len(commas):
                is_last = index == len(parts) - 1 and not _is_lone(node)
                comma = commas[index]
                assert isinstance(comma, Word)
                inner.append(self.with_comments(comma, IfBroken(",") if is_last else Glue(",")))
            elif node.rule not in ("grouped", "target"):
                inner.append(IfBroken(","))
        self.inside -= 1
        above = self._above(closing)
        if above:
            inner += [HARD, Above(tuple(comment for comment, _ in above))]
        opened, closed = self.word(opening), self.word(closing)
        return Group([opened, Indent(inner), NOTHING, closed] if inner else [opened, closed], broken=is_open)

    def index(self, node: Node) -> Document:
        self.inside += 1
        document = self.joined(node)
        self.inside -= 1
        return document

    def _breaks(self, start: int, end: int) -> bool:
        return "\n" in self.text[start:end]

    def _has_comments(self, start: int, end: int) -> bool:
        return any(start <= offset < end for offset in self.comments.offsets)

    # ---- expressions

    def row(self, node: Node) -> Document:
        """Operands and operators; within brackets a line may break before an operator."""
        line: Document = SPACE if self.inside else " "
        first, *rest = [self.node(child) for child in node.children]
        return Group(
            [first, Indent([part for i in range(0, len(rest), 2) for part in (line, rest[i], " ", rest[i + 1])])]
        )

    # ---- bodies

    def body(self, node: Node) -> Document:
        return Group(self._braced(node), broken=not self._is_one_line(node))

    def _is_one_line(self, node: Node) -> bool:
        return not self._breaks(_start(node), _end(node))

    def _braced(self, node: Node) -> Document:
        """Braces, and in them statements; all lines break, or none."""
        opening, *children, closing = node.children
        statements = [child for child in children if isinstance(child, Node)]
        inner = self._entries(statements, closing, self.statement)
        if not inner:
            return [self.node(opening), self.node(closing)]
        return [self.node(opening), Indent([SPACE, *inner]), SPACE, self.node(closing)]

    def _entries(self, children: Sequence[Child], closing: Child, rule: Callable[[Child], Document]) -> list[Document]:
        """Statements or arms with the comments above them, and those above what closes them, a line each; single empty
        lines stay, but none at the ends."""
        inner: list[Document] = []
        for child in (*children, closing):
            for comment, is_apart in self._above(child):
                inner += [*([BLANK if is_apart else HARD] if inner else []), Above((comment,))]
            if child is not closing:
                line = BLANK if self._is_apart(_start(child)) else SPACE
                inner += [*([line] if inner else []), rule(child)]
        return inner

    def statement(self, child: Child) -> Document:
        """A statement on lines of its own; those after the first start further right."""
        assert isinstance(child, Node)
        return self.chain(child, STEP) if child.rule == "chain" else self.node(child)

    def within_arm(self, child: Child) -> Document:
        """A statement of an arm: the bar stands out enough."""
        assert isinstance(child, Node)
        return self.chain(child, 0) if child.rule == "chain" else self.node(child)

    def chain(self, node: Node, by: int = STEP) -> Document:
        """Steps with arrows between them. Arrows that start a line still do; a line that is too long breaks at all of
        its own, but for those behind a brace: what is in the braces breaks first."""
        segments: list[list[Document]] = [[self.node(node.children[0])]]
        for index in range(1, len(node.children), 2):
            before, arrow, after = node.children[index - 1 : index + 2]
            linked: list[Document] = [self.node(arrow), " ", self.node(after)]
            gap = self.text[_end(before) : _start(arrow)]
            if "\n" in gap or self._breaks(_end(arrow), _start(after)):
                segments.append(linked)
            elif last_word(before).kind == "RBRACE":
                segments[-1] += [" ", *linked]
            else:
                stop = [Stop("->", len(gap) > 1)] if index == 1 else []
                segments[-1] += [*stop, IndentIfBroken([SPACE, *linked], by)]
        first, *rest = (Group(segment) for segment in segments)
        return [first, Indent([part for segment in rest for part in (HARD, segment)], by)] if rest else first

    def link(self, node: Node) -> Document:
        children = list(node.children)
        contract = children.pop() if _is_rule(children[-1], "contract") else None
        parts = self._between(children, " ")
        return [parts, Stop(":"), " ", self.node(contract)] if contract else parts

    def branch(self, node: Node) -> Document:
        """A join and its arms: on one line, or an arm a line."""
        children = list(node.children)
        arms = [child for child in children if _is_rule(child, "arm")]
        head = children[: children.index(arms[0])]
        closing = children[-1]
        inner = self._entries(arms, closing, self.arm)
        *name, opening = head
        words = [self.node(child) for child in name]
        is_one_line = not self._breaks(_start(opening), _end(closing))
        content: Document = [self.node(opening), Indent([SPACE, *inner]), SPACE, self.node(closing)]
        return [*words, " ", Group(content, broken=not is_one_line)]

    def arm(self, child: Child) -> Document:
        assert isinstance(child, Node)
        bar, *rest = child.children
        assert isinstance(bar, Word)
        statements = [child for child in rest if isinstance(child, Node)]
        if not statements:
            return self.node(bar)
        start = " " if not self.comments.above.get(_start(statements[0])) else ""
        nothing = Word("NOTHING", "", -1, -1)
        return [self.node(bar), Indent([start, *self._entries(statements, nothing, self.within_arm)], ARM)]

    def if_(self, node: Node) -> Document:
        """Both bodies on one line, or neither."""
        return Group(self._choice(node), broken=not self._is_one_line(node))

    def _choice(self, node: Node) -> Document:
        word, condition, body, *rest = node.children
        assert isinstance(body, Node)
        document: list[Document] = [self.node(word), " ", self.node(condition), " ", self._braced(body)]
        if rest:
            otherwise, last = rest
            assert isinstance(last, Node)
            follows = self._choice(last) if last.rule == "if_" else self._braced(last)
            document += [" ", self.node(otherwise), " ", follows]
        return document

    def with_(self, node: Node) -> Document:
        word, *defaults, body = node.children
        return [self.node(word), " ", self._listed(defaults, " "), " ", self.node(body)]

    def for_(self, node: Node) -> Document:
        end = next(index for index, child in enumerate(node.children) if _is(child, "IN"))
        word, names, rest = node.children[0], node.children[1:end], node.children[end:]
        return [self.node(word), " ", self._listed(names, " "), " ", self._between(rest, " ")]

    def input(self, node: Node) -> Document:
        word, name, colon, *rest = node.children
        return [self.node(word), " ", self.node(name), self.node(colon), " ", self._between(rest, " ")]

    def where(self, node: Node) -> Document:
        """Clauses; a line may break behind the word and behind commas."""
        word, *clauses = node.children
        return Group([self.node(word), Indent([SPACE, self._listed(clauses, SPACE)])])

    # ---- items

    def item(self, node: Node) -> Document:
        """A head with parameters close to its name, and a body."""
        word, name, *rest = node.children
        parts: list[Document] = [self.node(word), " ", self.node(name)]
        for child in rest:
            parts += [*([] if _is_rule(child, "parameters") else [" "]), self.node(child)]
        return parts

    def family(self, node: Node) -> Document:
        word, name, *rest = node.children
        parts: list[Document] = [self.node(word), " ", self.node(name)]
        for child in rest:
            stop = [Stop("=")] if _is(child, "EQUAL") else [Stop("{")] if _is_rule(child, "body") else []
            parts += [*stop, *([] if _is_rule(child, "parameters") else [" "]), self.node(child)]
        return parts

    def import_(self, node: Node) -> Document:
        word, path, verb, *names = node.children
        listed = self._listed(names, SPACE)
        return [self.node(word), " ", self.node(path), " ", Group([self.node(verb), Indent([SPACE, listed])])]


def _is_tall(rows: list[Row]) -> bool:
    """Whether something takes more than one line."""
    return len(rows) > 1


def _is(child: Child, kind: str) -> bool:
    return isinstance(child, Word) and child.kind == kind


def _is_rule(child: Child, rule: str) -> bool:
    return isinstance(child, Node) and child.rule == rule


def _is_lone(node: Node) -> bool:
    """Whether this is a tuple of one: its comma makes it one."""
    return node.rule == "tuple_" and len(node.children) == 4


def _start(child: Child) -> int:
    return first_word(child).start


def _end(child: Child) -> int:
    return last_word(child).end


RULES: dict[str, Callable[[_Formatter, Node], Document]] = {
    "import_": _Formatter.import_,
    "network": _Formatter.item,
    "block": _Formatter.item,
    "function": _Formatter.item,
    "family": _Formatter.family,
    "body": _Formatter.body,
    "chain": _Formatter.chain,
    "link": _Formatter.link,
    "branch": _Formatter.branch,
    "if_": _Formatter.if_,
    "with_": _Formatter.with_,
    "for_": _Formatter.for_,
    "input": _Formatter.input,
    "where": _Formatter.where,
    **dict.fromkeys(("names", "signature", "results"), _Formatter.listed),
    **dict.fromkeys(("parameters", "arguments", "list_", "tuple_", "grouped"), _Formatter.brackets),
    "target": lambda formatter, node: (formatter.brackets if len(node.children) > 1 else formatter.joined)(node),
    "index": _Formatter.index,
    **dict.fromkeys(("either", "both", "comparison", "sum_", "term", "power", "ternary"), _Formatter.row),
    **dict.fromkeys(
        ("imported", "layer_name", "apply", "group", "default", "parameter", "argument", "name", "incoming", "literal"),
        _Formatter.joined,
    ),
    **dict.fromkeys(("postfix", "attribute", "signed", "dotted"), _Formatter.joined),
    **dict.fromkeys(("output", "expect", "shared", "repeat", "contract", "not_"), _Formatter.spaced),
    "inline": lambda formatter, node: [formatter.node(node.children[0]), " ", *map(formatter.node, node.children[1:])],
}
