"""Brackets, before anything is parsed: how deep they nest, which are never closed, and which close nothing.

One pass of a small scanner over the text. Indentation tells which of several open braces was forgotten: a `}` that
stands further left than its partner's line belongs to a brace further out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archdsl.diagnostics import Diagnostic, Edit, Label, Problem
from archdsl.limits import NestedTooDeep, limits
from archdsl.record import Record
from archdsl.source import Source, Span
from archdsl.syntax.headless import MissingBrace, MissingHead, body_before, indent, line_before

HEADS = ("block", "network", "fn", "from")
SIGNS = frozenset("()[]{}|\n")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*+"')
_BREAK = re.compile(r'"(?:[^"\\\n]|\\.)*+"|\#[^\n]*+|\n')
PARTNER = {"(": ")", "[": "]", "{": "}"}
_PIECE = re.compile(
    r"(?:^|(?<=\n))(?:block|network|fn|from)\b|"
    r'"(?:[^"\\\n]|\\.)*+"?|\#[^\n]*+|'
    r"[A-Za-z_][A-Za-z0-9_]*+(?:\{(?!\s*\})[^{}|\n]++\}[A-Za-z0-9_]*+)*|"
    r"[()\[\]{}|\n]"
)


class UnclosedBracket(Problem):
    """Every bracket that is opened is closed.

    conv(64, kernel=3       # error[unclosed-bracket]
    conv(64, kernel=3)      # good
    """

    code = "unclosed-bracket"
    message = "this {bracket} is never closed"
    bracket: str

    def help(self) -> str:
        return f"write the {PARTNER[self.bracket]} that closes it"

    def repair(self, span: Span) -> tuple[Edit, ...]:
        """At the end of the line, where nothing on it or below it says that the brackets go on."""
        if self.bracket == "{":
            return ()
        line, _, below = span.source.text[span.end :].partition("\n")
        code = _COMMENT.sub(lambda match: match[0] if match[0][0] == '"' else "", line).rstrip()
        plain = _STRING.sub('""', code)
        if not plain.strip() or _LEADS_ON.search(plain) or _GOES_ON.match(below) or _is_open(plain):
            return ()
        end = span.end + len(code)
        return (Edit(Span(span.source, end, end), PARTNER[self.bracket]),)


_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*+"|\#.*+')
_LEADS_ON = re.compile(r"[{}|:]|->|(?:[-+*/%=<>,.(\[]|\b(?:and|or|not|if|in|else))\s*$")
_GOES_ON = re.compile(r"\s*(?!->)(?:[-,+*/%.=<>)\]]|(?:and|or)\b)")


def _is_open(code: str) -> bool:
    """Whether round and square brackets are out of balance."""
    opened: list[str] = []
    for sign in re.findall(r"[()\[\]]", code):
        if sign in "([":
            opened.append(PARTNER[sign])
        elif not opened or opened.pop() != sign:
            return True
    return bool(opened)


class UnclosedString(Problem):
    """A string ends on its line.

    "stem = conv(64, kernel=3)       # error[unclosed-string]
    "stem" = conv(64, kernel=3)      # good
    """

    code = "unclosed-string"
    message = "this string is never closed"

    def help(self) -> str:
        return 'write the " that closes it'


class UnopenedBracket(Problem):
    """A closing bracket needs an opening one.

    network t { input x: [N, 4]
        linear(3)
    }
    }      # error[unopened-bracket]
    """

    code = "unopened-bracket"
    message = "this {bracket} closes nothing"
    bracket: str

    def help(self) -> str:
        opening = next(sign for sign, partner in PARTNER.items() if partner == self.bracket)
        return f"remove it, or write the {opening} that it closes"


class WrongBracket(Problem):
    """A bracket is closed by its own partner.

    network t(widths=[8, 16)) {      # error[wrong-bracket]
    network t(widths=[8, 16]) {      # good
        input x: [N, 4]
        for width in widths { linear(width) -> relu }
    }
    """

    code = "wrong-bracket"
    message = "this {found} stands where a {bracket} is open"
    found: str
    bracket: str

    def help(self) -> str:
        return f"write {PARTNER[self.bracket]}"

    def repair(self, span: Span) -> tuple[Edit, ...]:
        return (Edit(span, PARTNER[self.bracket]),)


class TooDeep(Exception):
    """Nesting that no further step should have to bear; carries its diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.problem.text)
        self.diagnostic = diagnostic


class Brackets:
    """What the scan found: mistakes, how to make the text balanced, and where line breaks mean nothing."""

    def __init__(self) -> None:
        self.problems: list[Diagnostic] = []
        self.replacements: list[tuple[int, str]] = []
        self.insertions: list[tuple[int, str]] = []
        self.erasures: list[tuple[int, int]] = []
        self.unbroken: list[tuple[int, int]] = []
        self.guesses: list[tuple[int, int]] = []
        """Stretches whose braces are a guess: what else is wrong with them may come of it."""
        self.has_lost_names = False
        """Whether the first line of an item is missing, and the name that stood there."""


class _Open(Record):
    bracket: str
    start: int
    indent: int
    statement: int


def scan(source: Source) -> Brackets:
    """Check the brackets of a text; raises `TooDeep` where they nest too deep."""
    found = Brackets()
    stack: list[_Open] = []
    doubtful: list[int] = []  # braces that close what stands further left than they do
    statement = line = 0
    for token, start in pieces(source.text):
        line = start + 1 if token == "\n" else line
        if token in HEADS:
            _close_all(source, found, stack, start)
            doubtful.clear()
            statement = start
        elif token == "\n":
            statement = statement if stack and stack[-1].bracket in "([" else start + 1
        elif token in "([{":
            statement = _drop_round(source, found, stack, start) if token == "{" else statement
            if token == "{" and _is_else(source.text, line, start, stack):
                opened = stack.pop()
                found.problems.append(_unclosed(source, opened, line))
                found.insertions.append((line, "}"))
            stack.append(_Open(token, start, indent(source.text, line), statement))
            statement = start + 1 if token == "{" else statement
            if len(stack) > limits().nesting:
                raise TooDeep(Diagnostic(NestedTooDeep(limits().nesting), Span(source, start, start + 1)))
        elif token in ")]":
            if stack and PARTNER[stack[-1].bracket] == token:
                opened = stack.pop()
                if not stack or stack[-1].bracket == "{":
                    found.unbroken.append((opened.start, start))
            elif stack and _is_extra(source.text, stack, token, start):
                _refuse(source, found, stack, token, start, statement)
            elif stack and _is_slip(source.text, stack, token, start):
                opened = stack.pop()
                label = Label(Span(source, opened.start, opened.start + 1), "open here")
                problem = WrongBracket(token, opened.bracket)
                found.problems.append(Diagnostic(problem, Span(source, start, start + 1), (label,)))
                found.replacements.append((start, PARTNER[opened.bracket]))
            elif len(stack) > 1 and stack[-1].bracket in "([" and PARTNER[stack[-2].bracket] == token:
                found.problems.append(_unclosed(source, stack.pop()))
                found.erasures.append((stack.pop().statement, start + 1))
            else:
                _refuse(source, found, stack, token, start, statement)
        elif token == '"':
            span = Span(source, start, start + 1)
            found.problems.append(Diagnostic(UnclosedString(), span))
            outer = next((opened.statement for opened in stack if opened.bracket in "(["), statement)
            found.erasures.append((min(outer, start), _line_end(source.text, start)))
            while stack and stack[-1].bracket in "([":
                stack.pop()
        elif token == "}":
            _drop_round(source, found, stack, start)
            _close_brace(source, found, stack, doubtful, start, line)
            statement = start + 1
        elif token == "|":
            _drop_round(source, found, stack, start)
            statement = start + 1
    _close_all(source, found, stack, len(source.text))
    return found


def mended(text: str, found: Brackets) -> str:
    """The text with slips replaced, sign by sign, and with line breaks inside brackets blanked."""
    for offset, sign in found.replacements:
        text = f"{text[:offset]}{sign}{text[offset + 1 :]}"
    return joined(text, found.unbroken)


def joined(text: str, stretches: list[tuple[int, int]]) -> str:
    """The text with the line breaks and comments in some stretches blanked: inside round and square brackets a new
    line ends nothing. Every character stays where it was."""
    parts: list[str] = []
    last = 0
    for start, end in stretches:
        parts += (text[last:start], _BREAK.sub(_blank, text[start:end]) if "\n" in text[start:end] else text[start:end])
        last = end
    return "".join([*parts, text[last:]])


def _blank(match: re.Match[str]) -> str:
    return match[0] if match[0][0] == '"' else " " * len(match[0])


def pieces(text: str) -> Iterator[tuple[str, int]]:
    """Brackets, bars, newlines, heads of items and strings without an end, with their offsets."""
    for match in _PIECE.finditer(text):
        token = match[0]
        if token[0] == '"':
            if not _STRING.fullmatch(token):
                yield '"', match.start()
        elif token in SIGNS or (token in HEADS and text[match.start() - 1 : match.start()] in ("", "\n")):
            yield token, match.start()


def _is_else(text: str, line: int, brace: int, stack: list[_Open]) -> bool:
    """Whether a brace opens the body of an else on a line of its own while the last body is that of its if."""
    if not stack or stack[-1].bracket != "{" or not re.match(r"\s*else\b", text[line:brace]):
        return False
    head = text[text.rfind("\n", 0, stack[-1].start) + 1 : stack[-1].start]
    return re.search(r"\bif\b[^{}]*$", head) is not None


def _list_end(text: str, offset: int) -> int:
    """The end of the line, and of those behind it as long as they end in a comma."""
    end = _line_end(text, offset)
    while end < len(text) and text[text.rfind("\n", 0, end) + 1 : end].partition("#")[0].rstrip().endswith((",", "(")):
        end = _line_end(text, end + 1)
    return end


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _line_statement(statement: int, offset: int) -> int:
    return min(statement, offset)


def _drop_round(source: Source, found: Brackets, stack: list[_Open], start: int) -> int:
    """Braces and bars never stand inside round or square brackets: those that are open were forgotten."""
    statement = start
    while stack and stack[-1].bracket in "([":
        opened = stack.pop()
        if not stack or stack[-1].bracket == "{":
            found.problems.append(_unclosed(source, opened))
            end = min(_list_end(source.text, opened.start), start)
            found.erasures.append((opened.statement, end))
        statement = opened.statement
    return statement


def _refuse(source: Source, found: Brackets, stack: list[_Open], token: str, start: int, statement: int) -> None:
    """A round or square bracket that closes nothing, and the statement around it."""
    found.problems.append(_unopened(source, token, start, stack))
    end = _STRETCH.match(source.text, start)
    outer = next((opened.statement for opened in stack if opened.bracket in "(["), statement)
    found.erasures.append((_line_statement(min(outer, statement), start), end.end() if end else start + 1))


def _is_extra(text: str, stack: list[_Open], token: str, start: int) -> bool:
    """Whether all that is open is closed well if a bracket is passed over, and not if something open is given up."""
    rounds = [opened.bracket for opened in stack if opened.bracket in "(["]
    return (
        bool(rounds)
        and not _faults_ahead(text, start + 1, rounds)
        and bool(_faults_ahead(text, start + 1, rounds[:-1]) and _faults_ahead(text, start + 1, rounds[:-2]))
    )


def _faults_ahead(text: str, offset: int, rounds: list[str]) -> int:
    """How many brackets are wrong up to the end of the statement, where these are open."""
    opened, faults = list(rounds), 0
    for match in _PIECE.finditer(text, offset, offset + 4000):
        sign = match[0]
        if sign in "{}|" or sign in HEADS or (sign == "\n" and not opened and not _CLOSES.match(text, match.end())):
            break
        if sign in "([":
            opened.append(sign)
        elif sign in ")]" and opened and PARTNER[opened[-1]] == sign:
            opened.pop()
        elif sign in ")]":
            faults += 1
    return faults + len(opened)


_CLOSES = re.compile(r"\s*[)\]]")


def _first_unopened(text: str, start: int, end: int) -> int | None:
    """The first closing brace of a stretch that closes nothing in it."""
    depth = 0
    for token, place in pieces(text[start:end]):
        depth += (token == "{") - (token == "}")
        if depth < 0:
            return start + place
    return None


def _is_slip(text: str, stack: list[_Open], token: str, start: int) -> bool:
    """Whether a bracket is closed by the partner of another, and those around it are closed besides: `([8, 16))`."""
    if stack[-1].bracket not in "([" or PARTNER[stack[-1].bracket] == token:
        return False
    around = 0
    for opened in reversed(stack[:-1]):
        if opened.bracket == "{" or PARTNER[opened.bracket] != token:
            break
        around += 1
    own = 0
    for sign in _ROUND.findall(text[start : _line_end(text, start)].partition("#")[0]):
        own += (sign == stack[-1].bracket) - (sign == PARTNER[stack[-1].bracket])
        if own < 0:
            return False
    following = _BLANK_OR_CLOSED.match(text, start)
    return following is not None and following[0].count(token) > around


_ROUND = re.compile(r"[()\[\]]")
_BLANK_OR_CLOSED = re.compile(r"[)\]\s]*")
_STRETCH = re.compile(r'(?:"(?:[^"\\\n]|\\.)*+"|[^{}|\n"#])*')


def _close_brace(
    source: Source, found: Brackets, stack: list[_Open], doubtful: list[int], start: int, line: int
) -> None:
    unopened = start if stack or not doubtful else doubtful[0]
    headless = None if stack else line_before(source.text, unopened)
    if headless is not None:
        label = Label(Span(source, unopened, unopened + 1), "it ends here")
        found.problems.append(Diagnostic(MissingBrace(), Span(source, headless, headless + 1), (label,)))
        found.insertions.append((headless, " {"))
        found.guesses.append((headless, unopened))
        doubtful.clear()
        return
    body = None if stack else body_before(source.text, unopened)
    if body is not None:
        extra = _first_unopened(source.text, body, unopened)
        if extra is not None:
            found.problems.append(_unopened(source, "}", extra, stack))
            first = source.text.rfind("\n", 0, extra) + 1
            found.erasures.append((first + indent(source.text, first), extra + 1))
            doubtful.clear()
            return
        label = Label(Span(source, unopened, unopened + 1), "it ends here")
        problem = MissingHead(arms=source.text[body] == "|")
        found.problems.append(Diagnostic(problem, _word(source, body), (label,)))
        found.erasures.append((body, unopened + 1))
        found.has_lost_names |= unopened == line
        doubtful.clear()
        return
    if not stack and doubtful:
        found.problems.append(_unopened(source, "}", unopened, stack))
        found.replacements.append((unopened, " "))
        doubtful.clear()
        return
    if not stack:
        found.problems.append(_unopened(source, "}", start, stack))
        found.erasures.append((start, start + 1))
        return
    column = indent(source.text, line)
    if line + column == start:
        while len(stack) > 1 and stack[-1].indent > column and any(o.indent == column for o in stack[:-1]):
            opened = stack.pop()
            place, brace = _end_of_body(source.text, opened, start)
            found.problems.append(_unclosed(source, opened, place))
            found.insertions.append((place, brace))
        if column not in _columns(source.text, stack[-1]) and column > stack[-1].indent:
            doubtful.append(start)
        elif doubtful and stack[-1].start < doubtful[0]:
            doubtful.clear()
    stack.pop()


def _word(source: Source, offset: int) -> Span:
    """The word or the sign at a place."""
    word = re.compile(r"\w+|\S").match(source.text, offset)
    return Span(source, offset, word.end() if word else offset + 1)


def _columns(text: str, opened: _Open) -> tuple[int, int]:
    """Where the line of a brace starts, and where its arm does: `| if deep {`."""
    line = text.rfind("\n", 0, opened.start) + 1
    arm = _ARM.match(text, line)
    return opened.indent, arm.end() - line if arm else opened.indent


_ARM = re.compile(r"[ \t]*\|[ \t]*")


def _end_of_body(text: str, opened: _Open, last: int) -> tuple[int, str]:
    """Where the brace of a body belongs that was forgotten: before the first line that stands no further right."""
    place = text.find("\n", opened.start, last) + 1
    while place:
        column = indent(text, place)
        rest = text[place + column : place + column + 5]
        if place + column < last and rest.strip() and column <= opened.indent and not _CONTINUES.match(rest):
            return place, "}\n"
        place = text.find("\n", place, last) + 1
    return last, "}"


_CONTINUES = re.compile(r"[#|}]|->|else\b")


def _close_all(source: Source, found: Brackets, stack: list[_Open], start: int) -> None:
    """Everything that is still open where an item starts, or at the end, was forgotten."""
    _drop_round(source, found, stack, start)
    for opened in reversed(stack):
        found.problems.append(_unclosed(source, opened))
        found.insertions.append((start, "}"))
    if stack:
        found.insertions.append((start, "\n"))
    stack.clear()


def _unclosed(source: Source, opened: _Open, place: int | None = None) -> Diagnostic:
    """A bracket without its partner; `place` is the line before which that one belongs."""
    labels: tuple[Label, ...] = ()
    if place is not None:
        start = place + indent(source.text, place)
        labels = (Label(Span(source, start, start + 1), f"the {PARTNER[opened.bracket]} belongs before this"),)
    return Diagnostic(UnclosedBracket(opened.bracket), Span(source, opened.start, opened.start + 1), labels)


def _unopened(source: Source, bracket: str, start: int, stack: list[_Open]) -> Diagnostic:
    labels = (Label(Span(source, stack[-1].start, stack[-1].start + 1), "open here"),) if stack else ()
    return Diagnostic(UnopenedBracket(bracket), Span(source, start, start + 1), labels)
