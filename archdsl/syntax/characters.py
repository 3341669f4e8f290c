"""Characters that no spec holds: they show a reader, a terminal or a log something else than what stands there."""

from __future__ import annotations

from archdsl.diagnostics import Diagnostic, Problem
from archdsl.source import FORBIDDEN, Source, Span


class ControlCharacter(Problem):
    """A spec holds no characters that are not seen, or that show something else than what stands there.

        >>> archdsl.check("network t { input x: [N, 4]\\n relu\\u202e }")      # error[control-character]
        >>> archdsl.check("network t { input x: [N, 4]\\n relu }")            # good

    These are control characters but tabs and line breaks, what turns the direction of writing round (U+202A to U+202E,
    U+2066 to U+2069), Unicode's own separators of lines, and halves of characters (surrogates).
    """

    code = "control-character"
    message = "a spec cannot hold the character {number}{name}"
    number: str
    name: str
    more: int

    def help(self) -> str:
        others = f", and {self.more} more like it" if self.more else ""
        return f"remove it{others}"


def forbidden(source: Source) -> Diagnostic | None:
    """What is wrong with the characters of a text: the first that it cannot hold, and how many follow."""
    found = FORBIDDEN.search(source.text)
    if found is None:
        return None
    import unicodedata  # where something is wrong, not at every start

    name = unicodedata.name(found[0], "")
    more = sum(1 for _ in FORBIDDEN.finditer(source.text)) - 1
    problem = ControlCharacter(f"U+{ord(found[0]):04X}", f" ({name.lower()})" if name else "", more)
    return Diagnostic(problem, Span(source, found.start(), found.end()))
