"""Bodies whose opening brace or whole first line was forgotten, told by the indentation of what they hold.

Takes a text and the place of a closing brace that closes nothing, returns places; knows nothing of what stands there.
"""

from __future__ import annotations

import re

from archdsl.diagnostics import Edit, Problem
from archdsl.source import Span

_BLANK = re.compile(r"[ \t\r]*")


class MissingBrace(Problem):
    """A body starts with its brace.

    network t        # error[missing-brace]
    network t {      # good
        input x: [N, 4]
        relu
    }
    """

    code = "missing-brace"
    message = "this body has no {brace}"
    brace: str = "{"

    def help(self) -> str:
        return "write { here"

    def repair(self, span: Span) -> tuple[Edit, ...]:
        return (Edit(Span(span.source, span.start, span.start), " {"),)


class MissingHead(Problem):
    """The stages of a body stand below the first line of a network, a block or a join.

    block head { linear(3) }

    network t {              # good
        input x: [N, 4]      # good
        input x: [N, 4]      # error[missing-head]
        head
    }
    """

    code = "missing-head"
    message = "the first line of this body is missing"
    arms: bool = False

    def help(self) -> str:
        if self.arms:
            return "arms stand in the braces of a join: add { | … | … }"
        return "write it above: network Name {, or block name {"


def indent(text: str, line: int) -> int:
    """How far the line that starts at an offset is indented."""
    blank = _BLANK.match(text, line)
    return blank.end() - line if blank else 0


def line_before(text: str, brace: int) -> int | None:
    """The end of the line that a body without an opening brace hangs below: the last one that stands as far right as
    its closing brace, if what follows stands further right."""
    line, deeper = _above(text, brace)
    if line is None or deeper is None:
        return None
    code = _code(text, line)
    if (
        _column(text, brace) not in (indent(text, line), _arm(text, line))
        or "{" in code
        or "}" in code
        or code.startswith(("from ", "fn "))
    ):
        return None
    if text.startswith("|", deeper + indent(text, deeper)) and not _JOIN.search(code):
        return None
    return line + len(code)


_JOIN = re.compile(r"\b(?:add|mul|sub|concat|matmul)\b[^|>]*$")


def body_before(text: str, brace: int) -> int | None:
    """Where the lines above a closing brace start that stand further right than it does; None where there are none."""
    _, deeper = _above(text, brace)
    return None if deeper is None else deeper + indent(text, deeper)


def _above(text: str, brace: int) -> tuple[int | None, int | None]:
    """The starts of two lines above a brace that is alone: the nearest that stands no further right, and the first of
    those between that do."""
    line = text.rfind("\n", 0, brace) + 1
    if text[line:brace].strip():
        return None, None
    deeper = None
    while line:
        line = text.rfind("\n", 0, line - 1) + 1
        if not _code(text, line):
            continue
        if indent(text, line) <= _column(text, brace):
            return line, deeper
        deeper = line
    return None, deeper


def _column(text: str, brace: int) -> int:
    return brace - (text.rfind("\n", 0, brace) + 1)


def _arm(text: str, line: int) -> int:
    """Where the arm that a line holds starts: `| if deep {`."""
    bar = _BAR.match(text, line)
    return bar.end() - line if bar else -1


_BAR = re.compile(r"[ \t]*\|[ \t]*")


def _code(text: str, line: int) -> str:
    end = text.find("\n", line)
    return text[line : len(text) if end < 0 else end].partition("#")[0].rstrip()
