"""Comments that allow what a lint finds: `# allow: bias-before-norm`.

The rule: a comment `# allow: CODE` at the end of a line, or on lines of its own right above it, covers what starts on
that line (an item as a whole, if that is where it starts), and the whole file where it stands above a blank line before
the first item. Comments are not in the tree, so the text is searched for them here.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import islice

from archdsl.analyses.lints.checked import Checked
from archdsl.diagnostics import PROBLEMS, Diagnostic, Problem, suggestion
from archdsl.record import Record
from archdsl.source import Source, Span

_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*+"|#(?P<words>[^\n]*+)')
_ALLOW = re.compile(r"#\s*allow:\s*(?P<codes>[\w-]+(?:\s*,\s*[\w-]+)*)")
_CODE = re.compile(r"[\w-]+")

MOST_IDLE = 200
"""Comments that cover nothing, as many as are told."""

SIZES = "unseen-edge"
"""What depends on sizes that a run may be given; whether it is found says nothing of the next run."""


class UnusedAllow(Problem):
    """A comment that allows something which is not there: it was put right, or the comment stands in another place.

        conv(64, kernel=3, bias=false) -> batch_norm      # allow: bias-before-norm      # warning[unused-allow]
        conv(64, kernel=3) -> batch_norm                  # allow: bias-before-norm      # good

    The comment stands at the end of the line where the stage starts, or on a line of its own above. Above the first
    line of a block, a network or a function, or at the end of that line, it covers all of it; above a blank line before
    the first of them, it covers the file.
    """

    code = "unused-allow"
    severity = "warning"
    message = "nothing here gives {allowed}"
    allowed: str

    def help(self) -> str:
        near = "" if self.allowed in PROBLEMS else suggestion(self.allowed, PROBLEMS)
        return near or "remove it from the comment"


class Allow(Record):
    """One code of one comment, and the lines that it covers; none where it stands above nothing."""

    code: str
    span: Span
    first: int
    last: int


def sift(found: list[Diagnostic], checked: Checked) -> list[Diagnostic]:
    """The findings that no comment covers, and the comments that cover none."""
    if "allow:" not in checked.source.text:
        return found
    allowed = list(_allows(checked))
    covered = {(allow.code, allow.first, allow.last) for allow in allowed}
    stretches = sorted({(allow.first, allow.last) for allow in allowed if allow.first < allow.last})
    left: list[Diagnostic] = []
    used: set[tuple[str, int, int]] = set()
    for diagnostic in found:
        assert diagnostic.span
        line = diagnostic.span.begin[0]
        around = [(line, line), *_around(stretches, line)]
        covering = covered.intersection((diagnostic.code, first, last) for first, last in around)
        used |= covering
        if not covering:
            left.append(diagnostic)
    seen = _Lines(_lines(checked))
    idle = (a for a in allowed if (a.code, a.first, a.last) not in used and _is_tried(a, seen))
    return [*left, *(Diagnostic(UnusedAllow(allow.code), allow.span) for allow in islice(idle, MOST_IDLE))]


def _around(stretches: list[tuple[int, int]], line: int) -> Iterator[tuple[int, int]]:
    """The items and the file that comments cover, as far as a line lies in them: items never lie in each other."""
    place = bisect_right(stretches, (line, sys.maxsize))
    for first, last in {*stretches[:2], *stretches[max(0, place - 2) : place]}:
        if first <= line <= last:
            yield first, last


class _Lines:
    """Lines of a text, asked whether one of them lies in a stretch."""

    def __init__(self, lines: set[int]) -> None:
        self.lines = sorted(lines)

    def any_in(self, first: int, last: int) -> bool:
        place = bisect_left(self.lines, first)
        return place < len(self.lines) and self.lines[place] <= last


def _allows(checked: Checked) -> Iterator[Allow]:
    source = checked.source
    heads = {item.span.begin[0]: item.span.finish[0] for item in checked.file.items}
    top = min(heads, default=source.lines + 1)
    for match in _COMMENT.finditer(source.text):
        words = match["words"] is not None and _ALLOW.match(match[0])
        if not words:
            continue
        number, column = source.position(match.start())
        first = number if source.line(number)[: column - 1].strip() else _below(source, number)
        last = heads.get(first, first)
        if first == 0 and number < top:
            first, last = 1, source.lines
        for code in _CODE.finditer(words["codes"]):
            start = match.start() + words.start("codes") + code.start()
            yield Allow(code[0], Span(source, start, start + len(code[0])), first, last)


def _below(source: Source, number: int) -> int:
    """The line that a comment on a line of its own stands above; 0 above a blank line and the end of the file."""
    while number < source.lines:
        number += 1
        line = source.line(number).strip()
        if not line.startswith("#"):
            return number if line else 0
    return 0


def _lines(checked: Checked) -> set[int]:
    """The lines on which a stage of a checked network starts."""
    spans = {node.span for body in checked.bodies for node in body.graph.nodes}
    return {span.begin[0] for span in spans if span and span.source is checked.source}


def _is_tried(allow: Allow, seen: _Lines) -> bool:
    """Whether a lint looked at what a comment covers: stages that no network uses are not looked at."""
    if allow.code not in PROBLEMS or PROBLEMS[allow.code].severity == "error" or allow.code == "unused-name":
        return True
    return allow.code != SIZES and (not allow.last or seen.any_in(allow.first, allow.last))
