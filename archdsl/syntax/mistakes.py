"""What the parser stumbled over, in the words of the language."""

from __future__ import annotations

import re

from archdsl.diagnostics import Edit, Problem, listing, respelled, suggestion
from archdsl.source import Span
from archdsl.syntax.automaton import END, UNREADABLE, Unexpected
from archdsl.syntax.foreign import STATEMENTS, foreign
from archdsl.syntax.words import RESERVED

WORDS = {
    "NAME": "a name",
    "TEMPLATE": "a name",
    "INT": "a number",
    "FLOAT": "a number",
    "QUANTITY": "a number",
    "STRING": "a string",
    "LBRACE": "{",
    "RBRACE": "}",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "EQUAL": "=",
    "COLON": ":",
    "VBAR": "|",
    "_ARROW": "->",
    "_NEWLINE": "a new line",
    END: "the end of the file",
}


class UnexpectedText(Problem):
    """The text does not go on as the language does.

    input x: [N, 4]
    linear 3       # error[unexpected-text]: arguments stand in brackets
    linear(3)      # good
    """

    code = "unexpected-text"
    message = "unexpected {found}"
    label = "{expected}"
    found: str
    expected: str
    hint: str

    def help(self) -> str:
        return self.hint

    def repair(self, span: Span) -> tuple[Edit, ...]:
        if self.hint == COMPARISON:
            return (Edit(span, "=="),)
        if self.hint == COMMA:
            return _comma(span)
        if self.hint == f"write {self.found.lower()}":
            return (Edit(span, self.found.lower()),)
        return respelled(self.found, self.hint, span)


COMMA = "a comma goes between two items"
COMPARISON = "comparison is written =="


def _comma(span: Span) -> tuple[Edit, ...]:
    """The comma behind the item before a place; none where `(kernel 3` may as well want a `=`."""
    before = span.source.text[: span.start].rstrip()
    line = before[before.rfind("\n") + 1 :]
    if not line or "#" in line or line.endswith(","):
        return ()
    is_list = line.rfind("[") > line.rfind("(")
    if re.search(r"[A-Za-z_]\w*$", line) and not re.match(r"[A-Za-z_]", span.text) and not is_list:
        return ()
    return (Edit(Span(span.source, len(before), len(before)), ","),)


class NothingHere(Problem):
    """A spec declares at least one network, block or function.

    # a spec will stand here      # error[nothing-here]
    network t {                   # good
        input x: [N, 4]           # good
        linear(3)                 # good
    }                             # good
    """

    code = "nothing-here"
    message = "there is nothing in this file"

    def help(self) -> str:
        return "a spec starts with network Name { … }, and the network with input image: [N, 1, 28, 28]"


class TooManyMistakes(Problem):
    """After fifty syntax errors the rest is not read.

    network t { input x: [N, 4]
        linear(3)
    }
    }}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}      # error[unopened-bracket], error[too-many-mistakes]
    """

    code = "too-many-mistakes"
    message = "too many syntax errors; the rest of the file was not read"


def explain(error: Unexpected, text: str) -> tuple[int, UnexpectedText]:
    """The place and the description of a syntax error."""
    unfinished = _unfinished(error.word.start, text)
    several = _OUTPUTS.search(text, 0, unfinished) if unfinished is not None else None
    if several:
        return several.start(1), UnexpectedText(",", "", "each output is a statement of its own: output logits")
    if unfinished is not None and text[unfinished - 1] == ",":
        return unfinished - 1, UnexpectedText(",", "", "a new line separates statements; no comma is needed")
    if unfinished is not None:
        line = text[text.rfind("\n", 0, unfinished) + 1 : unfinished].split()
        return unfinished, UnexpectedText("end of the line", f"expected more after {line[-1]}" if line else "", "")
    offset, found, accepted = error.word.start, error.word.text, error.accepted
    if error.word.kind == END:
        offset = len(text.rstrip())
    elif error.word.kind == UNREADABLE:
        found = (re.compile(r"\w+|\S").match(text, offset) or ["nothing"])[0]
    slip = _misspelt(text, offset, found, accepted)
    if slip:
        return slip
    offset, found = _whole(text, offset, found)
    hint = foreign(text, offset, found, accepted) or _hint(text, offset, found, accepted)
    expected = "" if hint else _expected(accepted)
    shown = "end of the file" if not found else ("end of the line" if not found.strip() else found.strip())
    return offset, UnexpectedText(shown, f"expected {expected}" if expected else "", hint)


def _misspelt(text: str, offset: int, found: str, accepted: set[str]) -> tuple[int, UnexpectedText] | None:
    """A word of the language that is misspelt where a statement or an item starts, or where only that word can stand:
    the parser took it for a name, and stumbled over what follows."""
    before = text[text.rfind("\n", 0, offset) + 1 : offset]
    first = re.search(r"(?:^|[{}|>])\s*([A-Za-z_]\w*)\s+$", before)
    place, word, known = offset, found, ITEMS
    if first:
        place, word, known = offset - len(before) + first.start(1), first[1], STARTS
    elif accepted == {"IMPORT"}:
        known = ("import",)
    elif before:
        return None
    if word in RESERVED:
        return None
    near = suggestion(word, known, 0.74) if len(word) < 20 else ""
    swapped = [other for other in known if sorted(other) == sorted(word) and other != word]
    hint = f"did you mean {swapped[0]}?" if swapped else near if len(word) > 3 and " or " not in near else ""
    return (place, UnexpectedText(word, "", hint)) if hint else None


STARTS: tuple[str, ...] = ("input", "output", "expect", "shared", "inline", "repeat", "for", "if", "else", "with")
ITEMS: tuple[str, ...] = ("network", "block", "fn", "from")

WORD = re.compile(r"\w+|->|=>|[-+*/]=|==|&&|\|\||//|/\*|--|\S")


def _whole(text: str, offset: int, found: str) -> tuple[int, str]:
    """The sign or word that a mistake is about, from its start: `elif` and not what follows, `==` and not `=`."""
    before = text[text.rfind("\n", 0, offset) + 1 : offset]
    strange = re.search(rf"(?:^|[{{}}|>])\s*({'|'.join(STATEMENTS)})[ \t]+$", before)
    if strange:
        return offset - len(before) + strange.start(1), strange[1]
    if found == "=" and before.endswith("=") and not before.endswith(("==", "<=", ">=", "!=")):
        return offset - 1, "=="
    whole = WORD.match(text, offset)
    return (offset, whole[0]) if whole and found.strip() and whole[0].startswith(found.strip()) else (offset, found)


def _expected(accepted: set[str]) -> str:
    """What could have stood there, if that is short enough to be of use."""
    names = accepted - OPERATORS
    known = sorted({WORDS[name] for name in names if name in WORDS} | {n.lower() for n in names if n in KEYWORDS})
    return listing(known) if 0 < len(known) <= 4 and all(n in WORDS or n in KEYWORDS for n in names) else ""


def _unfinished(offset: int, text: str) -> int | None:
    """Where a line stops too early, if the parser noticed it only at the next one."""
    before = text[:offset].rstrip(" \t")
    listed = re.search(r",[ \t]*\n\s*[A-Za-z_]\w*$", before[-200:])  # a list of names took the next stage in
    if listed:
        return len(before) - len(listed[0]) + 1
    if not before.endswith("\n"):
        return None
    if _OUTPUTS.search(before.rstrip()):
        return len(before.rstrip())
    while before and (before[-1].isspace() or before[before.rfind("\n") + 1 :].lstrip().startswith("#")):
        before = before.rstrip() if before[-1].isspace() else before[: before.rfind("\n") + 1]
    line = before[before.rfind("\n") + 1 :]
    if "#" in line:
        before = before[: len(before) - len(line)] + line[: line.index("#")].rstrip()
    return (
        len(before) if re.search(r"([-+*/%=<>,(\[:.]|\b(and|or|not|if|in|else|where|with|expect))$", before) else None
    )


_OUTPUTS = re.compile(r"\boutput[ \t]+\w+[ \t]*(,)[ \t]*\w+(?:[ \t]*,[ \t]*\w+)*\Z")
OPERATORS = {"SIGN", "TIMES", "COMPARE", "IF", "AND", "OR", "__ANON_0", "DOT", "LPAR", "LSQB", "STARSTAR"}
KEYWORDS = {"INPUT", "OUTPUT", "EXPECT", "IN", "FROM", "IMPORT", "ELSE", "NETWORK", "BLOCK", "FN"}


def _hint(text: str, offset: int, found: str, accepted: set[str]) -> str:
    """A fix for the slips that are made often."""
    before = text[text.rfind("\n", 0, offset) + 1 : offset].strip()
    word = re.search(r"([A-Za-z_]\w*)$", before)
    if found in ("'", "`"):
        return 'strings stand in double quotes: "…"'
    if found == ";":
        return "a new line or -> separates stages; no ; is needed"
    if found in ("&", "&&"):
        return "write and"
    if found in ("True", "False", "None"):
        return f"write {found.lower()}"
    if found == "=" and re.search(r"(?:^|[{}|>]\s*)(?:if|expect)\b|\bwhere\b", before):
        return COMPARISON
    if found == ":" and re.match(r"(if|else|repeat|for|block|network)\b", before):
        return "a body stands in braces: { … }"
    if found in RESERVED:
        quoted = "STRING" in accepted and not before
        other = f'as a name write it in quotes: "{found}"' if quoted else "choose another name"
        return f"{found} is a word of the language; {other}"
    if found == "|" and not before:
        return "arms stand in the braces of a join: add { | … | … }"
    if re.fullmatch(r"\d[\w.]*", found) and word and "_NEWLINE" in accepted:
        return f"arguments stand in brackets: {word[1]}({found})"
    if "COMMA" in accepted and "_NEWLINE" not in accepted and re.fullmatch(r"\w+|\"|\[|\(", found):
        return COMMA
    if re.fullmatch(r"[A-Za-z_]\w*", found) and word and word[1] not in RESERVED:
        return f"stages are separated by -> or a new line: {word[1]} -> {found}"
    if "_NEWLINE" in accepted and re.fullmatch(r"[A-Za-z_]\w*", found):
        return f"start a new line before {found}, or write ->"
    return ""
