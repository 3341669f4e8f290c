"""What can be wrong with a spec, as facts.

A kind of problem is a frozen record: its fields are the facts, `message` and `label` are templates over them,
`help()` proposes a fix that works when tried. Its docstring is the manual page that `archdsl explain` prints. A problem
knows no place; a `Diagnostic` is a problem at its place. How either looks on a screen is `render`'s business.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from typing import ClassVar, Literal

from archdsl.record import Record
from archdsl.source import Source, Span, visible

Severity = Literal["error", "warning", "note"]

PROBLEMS: dict[str, type[Problem]] = {}


class Problem(Record):
    """The facts of one mistake."""

    code: ClassVar[str] = ""
    severity: ClassVar[Severity] = "error"
    message: ClassVar[str] = ""
    label: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not cls.code:
            return
        other = PROBLEMS.get(cls.code)
        assert other is None or other.__qualname__ == cls.__qualname__, f"two problems have the code {cls.code}"
        PROBLEMS[cls.code] = cls

    def facts(self) -> Mapping[str, object]:
        """The values that the templates may name."""
        return {name: _shortened(value) for name, value in self.values().items()}

    @property
    def text(self) -> str:
        return visible(self.message.format_map(self.facts()))

    @property
    def caret(self) -> str:
        """What stands beside the caret; empty when the message says it all."""
        return visible(self.label.format_map(self.facts()))

    def help(self) -> str:
        return ""

    @property
    def again(self) -> str:
        """What stands beside a further place of the same mistake."""
        return self.caret or "here too"

    def cause(self, span: Span) -> Hashable:
        """What two diagnostics of this kind share if one mistake is behind both; None where only their place tells."""
        return None

    @property
    def apart(self) -> Hashable:
        """What tells two mistakes of this kind at one place apart; None where one mistake is behind all of them."""
        return None

    def suppresses(self, span: Span) -> Hashable:
        """A fact from which other problems follow, which are then not told; None where there is none."""
        return None

    @property
    def suppressed_by(self) -> Hashable:
        """The fact that this follows from: where another problem tells it, this one is not told."""
        return None

    def repair(self, span: Span) -> tuple[Edit, ...]:
        """The edits that surely put it right, given its place; none where a person must choose."""
        return ()


class Edit(Record):
    """A text to write in the place of a stretch of the source."""

    span: Span
    text: str


class Label(Record):
    """A second place that a diagnostic points at, and what is to be seen there."""

    span: Span
    text: str


class Diagnostic(Record):
    """A problem at its place.

    `span` is None for problems with a whole file (then `file` names it); `notes` say how the spec got there; `edits`
    put it right where that is certain.
    """

    problem: Problem
    span: Span | None = None
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    file: str = ""
    edits: tuple[Edit, ...] = ()

    @property
    def fix(self) -> tuple[Edit, ...]:
        """The edits that surely put it right: those that were found with it, or those that the problem knows of."""
        return self.edits or (self.problem.repair(self.span) if self.span else ())

    @property
    def is_error(self) -> bool:
        return self.problem.severity == "error"

    @property
    def code(self) -> str:
        return self.problem.code

    @property
    def where(self) -> str:
        return self.span.source.name if self.span else self.file


def _shortened(value: object) -> object:
    """A text that a line can hold; hostile specs have names of a million letters."""
    return f"{value[:80]}…" if isinstance(value, str) and len(value) > 240 else value


def item(span: Span) -> str:
    """The name of the network, block or function around a place: what has one name in two of them may be two things."""
    starts, names = _items(span.source)
    index = bisect_right(starts, span.start) - 1
    return names[index] if index >= 0 else ""


@lru_cache(maxsize=8)
def _items(source: Source) -> tuple[list[int], list[str]]:
    found = list(_HEAD.finditer(source.text))
    return [match.start() for match in found], [match[1] for match in found]


_HEAD = re.compile(r"^(?:network|block|fn)\b[ \t]*(\w*)", re.M)


def listing(items: Iterable[object], last: str = "or") -> str:
    """Words in a row.

    listing([1, 2, 4])      # "1, 2 or 4"
    """
    words = [str(item) for item in items]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def suggestion(name: str, known: Iterable[str], cutoff: float = 0.65) -> str:
    """`did you mean …?`, or nothing where no known name is near. Case and underscores make no difference.

    suggestion("rellu", ["relu", "tanh"])      # "did you mean relu?"
    suggestion("ReLU", ["relu", "tanh"])       # "did you mean relu?"
    """
    if len(name) > 60:
        return ""
    known = sorted(set(known))
    same = [other for other in known if other != name and _plain(other) == _plain(name)]
    if same:
        return f"did you mean {listing(same)}?"
    from difflib import get_close_matches  # imported where something is wrong, not at every start

    near = get_close_matches(name, known, n=3, cutoff=cutoff)
    best = [other for other in near if _likeness(name, other) > _likeness(name, near[0]) - 0.08]
    return f"did you mean {listing(best)}?" if best else ""


def respelled(name: str, near: str, span: Span) -> tuple[Edit, ...]:
    """The edit that writes the one name that `suggestion` found, where the two are alike but for a slip.

    A name that stands alone or at the end of its place, `.chanels`, or at its start, `kernal=3`, is replaced. Numbers
    are no slips: what `conv2` should be is not known.
    """
    meant = re.fullmatch(r"did you mean ([\w.]+)\?|write (\w+)", near)
    if not meant:
        return ()
    word, other = name.removeprefix("."), (meant[1] or meant[2]).removeprefix(".")
    swapped = sorted(word) == sorted(other)
    if _letters(word) == _letters(other) or not (swapped or _likeness(_plain(word), _plain(other)) >= 0.8):
        return ()
    if span.text == word or re.match(rf"{re.escape(word)}\s*=", span.text):
        return (Edit(Span(span.source, span.start, span.start + len(word)), other),)
    if name.startswith(".") and span.text.endswith(name):
        return (Edit(Span(span.source, span.end - len(word), span.end), other),)
    return ()


def _letters(name: str) -> str:
    return re.sub(r"[0-9]", "", name)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _likeness(a: str, b: str) -> float:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, b, a).ratio()
