"""From text to tree, past mistakes.

`parse` takes a source and returns its tree and its problems. After a mistake the rest of the file is still read: the
statement that holds it becomes a `Broken` node, and the parser starts again. What is broken is reported once, here;
later stages pass over it in silence. Knows nothing of what the words mean.
"""

from __future__ import annotations

import re
from operator import itemgetter

from archdsl.diagnostics import Diagnostic
from archdsl.limits import FileTooLarge, TooManyDigits, TooManyLines, TooManyWords, limits
from archdsl.record import replace
from archdsl.source import Source, Span
from archdsl.syntax import brackets, tree
from archdsl.syntax.automaton import Unexpected, run
from archdsl.syntax.build import Builder
from archdsl.syntax.characters import forbidden
from archdsl.syntax.edited import Edited
from archdsl.syntax.mistakes import WORD, NothingHere, TooManyMistakes, UnexpectedText, explain
from archdsl.syntax.tables import TABLES

MOST_MISTAKES = 50


def parse(source: Source) -> tuple[tree.File, list[Diagnostic]]:
    """The tree of a text, and what is wrong with its syntax.

    file, problems = parse(Source("t.arch", "network t { input x: [N, 4] }"))
    """
    if len(source.text) > limits().bytes:
        return tree.File(source, ()), [Diagnostic(FileTooLarge(limits().bytes), file=source.name)]
    unfit = forbidden(source) or _too_long(source)
    if unfit:
        return tree.File(source, ()), [unfit]
    try:
        found = brackets.scan(source)
    except brackets.TooDeep as refusal:
        return tree.File(source, ()), [refusal.diagnostic]
    refused = _too_large(source)
    if refused:
        return tree.File(source, ()), [refused]
    problems = list(found.problems[:MOST_MISTAKES])
    if len(found.problems) > MOST_MISTAKES:
        return tree.File(source, ()), [*problems, Diagnostic(TooManyMistakes(), file=source.name)]
    text = Edited(brackets.mended(source.text, found), sorted(found.insertions, key=itemgetter(0)))
    for start, end in found.erasures:
        text.break_up(text.place(start), text.place(end))
    if found.has_lost_names:
        text.lost.add("")
    silent = [text.place(start) for start, _ in found.erasures]
    items = _items(source, text, problems, silent, found.guesses)
    if not items and not problems:
        problems.append(Diagnostic(NothingHere(), file=source.name))
    return tree.File(source, tuple(_documented(item) for item in items), frozenset(text.lost)), problems


def _documented(item: tree.Item) -> tree.Item:
    """The item with its doc comment: the lines that start with ## right above it."""
    if isinstance(item, tree.Import | tree.Broken):
        return item
    source = item.span.source
    number = item.span.begin[0]
    lines: list[str] = []
    while number > 1 and (line := source.line(number - 1).strip()).startswith("##"):
        lines.append(line.lstrip("#").removeprefix(" "))
        number -= 1
    return replace(item, doc="\n".join(reversed(lines))) if lines else item


def _too_long(source: Source) -> Diagnostic | None:
    """That a text has too many lines, whatever they hold."""
    lines = source.text.count("\n") + 1
    return Diagnostic(TooManyLines(limits().lines), file=source.name) if lines > limits().lines else None


def _too_large(source: Source) -> Diagnostic | None:
    """What makes a text too large to read: its words, or the digits of a number."""
    digits = re.search(rf"[0-9_]{{{limits().digits},}}", source.text)
    if digits:
        return Diagnostic(TooManyDigits(limits().digits), Span(source, digits.start(), digits.start() + 8))
    words = sum(match[0][0] != "#" for match in _WORD.finditer(source.text))
    return Diagnostic(TooManyWords(limits().words), file=source.name) if words > limits().words else None


_WORD = re.compile(r"#[^\n]*|[A-Za-z0-9_.]+|[^\sA-Za-z0-9_.]")


def parse_expression(text: str, name: str) -> tuple[tree.Expression | None, list[Diagnostic]]:
    """One expression by itself, such as a value given on the command line."""
    source = Source(name, text)
    unfit = forbidden(source)
    if unfit:
        return None, [unfit]
    try:
        return Builder(source, Edited(text, [])).expression_at(text, 0), []
    except Unexpected as error:
        offset, problem = explain(error, text)
        return None, [Diagnostic(problem, _span_at(source, offset, text))]


def _items(
    source: Source, text: Edited, problems: list[Diagnostic], silent: list[int], guesses: list[tuple[int, int]]
) -> list[tree.Item]:
    """Parse, and break up one statement after another until what is left can be read."""
    builder = Builder(source, text)
    for _ in range(MOST_MISTAKES):
        builder.base, builder.inner = 0, None
        try:
            items: list[tree.Item] = run(TABLES, text.text, "start", builder.make)
            return items
        except Unexpected as error:
            offset, problem = explain(error, text.text if builder.inner is None else builder.inner)
            if builder.inner is not None:
                problem = problem if offset < len(builder.inner.rstrip()) else UnexpectedText("}", "", "")
                offset = text.place(builder.base) + (offset if problem.found != "}" else len(builder.inner))
            start, end = _item(text.text, offset) or _function(text.text, offset) or _statement(text.text, offset)
            listed = _LISTED.match(text.text, offset)
            end = listed.end() if listed and start <= offset <= end else end
            if text.text.startswith("|", offset) and end <= offset:
                end = max(end, text.text.find("\n", offset))
            if not text.text[start:end].strip(" \t\n\x00"):
                start, end = _around(text.text, start)
            original = text.original(offset)
            guessed = any(first <= original + 1 and original <= last for first, last in guesses)
            if not guessed and not any(start <= place < end for place in silent):
                problems.append(Diagnostic(problem, _span_at(source, original, source.text)))
            if _respell(text, offset, problem):
                continue
            text.break_up(start, end)
            silent.append(start)
    problems.append(Diagnostic(TooManyMistakes(), file=source.name))
    return []


def _respell(text: Edited, offset: int, problem: UnexpectedText) -> bool:
    """Put a misspelt word of the language right where it fits, so that what follows is read."""
    meant = re.fullmatch(r"did you mean (\w+)\?", problem.hint)
    if not meant or len(meant[1]) > len(problem.found) or not text.text.startswith(problem.found, offset):
        return False
    end = offset + len(problem.found)
    text.text = f"{text.text[:offset]}{meant[1]:<{end - offset}}{text.text[end:]}"
    return True


def _span_at(source: Source, offset: int, text: str) -> Span:
    """The word or the sign at a place."""
    offset = min(offset, len(text))
    if offset >= len(text.rstrip()):
        offset = len(text.rstrip())
    word = WORD.match(text, offset)
    return Span(source, offset, word.end() if word else offset + 1)


def _item(text: str, offset: int) -> tuple[int, int] | None:
    """The stretch up to the next item, if a mistake stands where an item should start."""
    if (offset and text[offset - 1] != "\n") or not re.match(r"[A-Za-z_]", text[offset : offset + 1]):
        return None
    if _HEAD.match(text, offset):
        return None
    following = _NEXT.search(text, offset + 1)
    return offset, following.start() - 1 if following else len(text)  # the line break stays


def _function(text: str, offset: int) -> tuple[int, int] | None:
    """The stretch of a function up to the next item: whatever braces it has are none of the language's."""
    start = text.rfind("\n", 0, offset) + 1
    if not re.match(r"fn\b", text[start:offset]):
        return None
    following = _NEXT.search(text, offset)
    return start, following.start() - 1 if following else len(text)


_LISTED = re.compile(r"\{\s*[-\d\"(\[][^{}\n]*\}")
_HEAD = re.compile(r"^(?:block|network|fn|from)\b", re.M)
_NEXT = re.compile(r"^(?:(?:block|network|fn|from)\b|[A-Za-z]\w*+[ \t]+[A-Za-z_]\w*+[^\n{]*\{)", re.M)


def _around(text: str, offset: int) -> tuple[int, int]:
    """The statement around the braces that hold a place, where what they hold cannot be read at all."""
    opened: list[tuple[int, int]] = []
    boundary = 0
    holder: tuple[int, int] | None = None
    for token, start in brackets.pieces(text):
        if start >= offset and holder is None:
            holder = opened[-1] if opened else (0, 0)
        if token == "{":
            opened.append((start, boundary))
            boundary = start + 1
        elif token == "}":
            last = opened.pop() if opened else (0, 0)
            boundary = start + 1
            if holder is not None and last == holder:
                return holder[1], start + 1
        elif token in "\n|":
            boundary = start + 1
    return (holder[1] if holder else 0), len(text)


def _statement(text: str, offset: int) -> tuple[int, int]:
    """The stretch to break up for a mistake: its statement, or all that its braces hold where that is empty."""
    opened = [0]
    boundary, depth = 0, 0
    following: int | None = None
    closing: int | None = None
    enclosing: list[int] = []
    for token, start in brackets.pieces(text):
        if token in "([":
            depth += 1
        elif token in ")]":
            depth = max(0, depth - 1)
        if start >= offset:
            if following is None and depth == 0 and token in "\n{}|":
                following = start
            if token == "{":
                opened.append(start)
            elif token == "}":
                if len(opened) <= len(enclosing):
                    closing = start
                    break
                opened.pop()
            continue
        if token == "{":
            opened.append(start + 1)
            boundary = start + 1
        elif token == "}":
            opened.pop()
            boundary = start + 1
        elif (token == "\n" and depth == 0) or token == "|":
            boundary = start + 1
        enclosing = opened[:]
    following = len(text) if following is None else following
    if text[boundary:following].strip():
        return boundary, following
    inner = enclosing[-1] if enclosing else 0
    return inner, max(inner + 1, closing if closing is not None else len(text))
