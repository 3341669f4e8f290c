"""Writes the pages of the reference that are made from the sources (grammar.md, ops.md, diagnostics.md), and pictures.

    python docs/make.py

Prints the names of the pages that changed. `tests/docs/test_docs.py` fails where one of them is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import archdsl.compiler  # its imports register every diagnostic
from archdsl.manual import op_reference, problem_reference
from archdsl.syntax.words import RESERVED

DOCS = Path(__file__).parent
SCRIPT = "<!-- Made by docs/make.py; edit what it is made from. -->"

PICTURES = {
    "resnet18": ("resnet.arch:ResNet18", "layer2.0"),
    "inception": ("googlenet.arch:GoogLeNetTaught", "module3.0"),
}
"""Name, network and open block of each picture."""

TERMINALS = {
    "NAME": "a letter or underscore, then letters, digits and underscores; none of the words of the language",
    "TEMPLATE": "a name with expressions in braces, without a space before the brace: `layer{i + 1}`",
    "KIND": "whole numbers instead of real ones; a name everywhere else",
    "TRUE": "",
    "FALSE": "",
    "NONE": "",
    "FLOAT": "`0.5`, `1e-3`, `2.5e6`; a digit stands before the point and after it",
    "QUANTITY": "thousands, millions, billions, trillions: `4.2G` is 4,200,000,000",
    "INT": "digits, with underscores among them: `61_706`",
    "STRING": 'text in double quotes on one line; `\\"`, `\\\\`, `\\n`, `\\t` are `"`, `\\`, a new line and a tab',
    "COMPARE": "",
    "SIGN": "",
    "TIMES": "",
    "ARROW": "",
    "NEWLINE": "a line break that ends a statement: see below",
    "SPACE": "skipped: blanks, line breaks that end nothing, and comments from `#` to the end of the line",
}
PATTERNS = {"KIND": '"int"', "COMPARE": '"==" "!=" "<" "<=" ">" ">="', "SIGN": '"+" "-"', "TIMES": '"*" "/" "//" "%"'}
INTERNAL = {"broken", "BROKEN", "dotted"}
"""What stands in the place of statements that could not be read, and names that are read only to say that they mean
nothing: no good text is written so."""


def main() -> None:
    for name, text in pages().items():
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.name)


def pages() -> dict[str, str]:
    """Every page that is made, by its name."""
    return {"grammar.md": grammar(), "ops.md": ops(), "diagnostics.md": diagnostics(), **pictures()}


def pictures() -> dict[str, str]:
    """The pictures of the guide to pictures; drawing needs the extra `archdsl[graph]`."""
    return {
        f"pictures/{name}.svg": archdsl.load(DOCS.parent / "specs" / target).picture(open=[block])
        for name, (target, block) in PICTURES.items()
    }


def ops() -> str:
    return f"""# Ops

{SCRIPT}

Every op of the language. `archdsl explain conv` shows the same page in a terminal, `archdsl ops` the list.

The comment beside an example gives the shape that comes in and the shape that it leaves; an example without one goes on
from the example before it. Arguments are given by position, in the order of the table, or by name. A *size* is an
integer, or a size of something that comes in, such as `in.channels`. A *spatial axis* is one after the batch and the
channels; one integer stands for all of them. *Initialisers* are listed in the
[language reference](language.md#initialisers); `default` is what PyTorch does.

{op_reference()}
"""


def diagnostics() -> str:
    return f"""# Diagnostics

{SCRIPT}

Everything that the compiler may find wrong with a spec, by code. `archdsl explain uneven-groups` shows the same page in
a terminal. What stands in ‹› is filled in from the spec.

Each example has a bad form and a good one: lines that promise a diagnostic, or say `bad`, belong to the bad form, lines
that say `good` to the good one, all others to both. A comment that names a file starts that file; statements without a
network stand in one whose input is `[N, 15, 32, 32]`, unless they declare one.

{problem_reference()}
"""


def grammar() -> str:
    text = (DOCS.parent / "grammars" / "arch.lark").read_text(encoding="utf-8")
    rules, terminals = text.split("// ---- terminals", 1)
    head, rules = rules.split("\n\n", 1)
    words = ", ".join(f"`{word}`" for word in sorted(RESERVED))
    return f"""# Grammar

{SCRIPT}

{_prose(head)}

The notation is that of the XML recommendation: `::=` defines, `|` separates alternatives, `?` means at most once, `*`
any number of times, `+` at least once. Words in quotes stand for themselves; names in capitals are the terminals at the
end. The meaning of it all is in the [language reference](language.md).

## Files

{chr(10).join(_sections(rules))}
## Terminals

{chr(10).join(_terminals(terminals))}

## New lines

A line break ends a statement, except

- inside round and square brackets;
- where a statement cannot end: after `->`, `=`, `:`, a comma, an operator, an opening brace or bar;
- before a line that starts with `->`, `else`, `|` or `}}`, comment lines in between left out.

## Words of the language

{words}

None of them is a name, except in quotes before a `=`: `"in" = linear(3)`.
"""


def _sections(rules: str) -> Iterator[str]:
    """The rules, each stretch of them a block of code, under the section comments of the grammar."""
    for piece in re.split(r"^(// ---- .*)$\n", rules, flags=re.M):
        if piece.startswith("// ----"):
            title, colon, remark = piece.strip("/- \n").partition(": ")
            yield f"## {title.capitalize()}\n"
            if colon:
                yield f"{remark[0].upper()}{remark[1:]}.\n"
        elif piece.strip():
            text = "\n".join(map(_rule, _rules(piece))).rstrip()
            yield f"```ebnf\n{text}\n```\n"


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """Name and right side of every rule; a blank line between two is kept with the first."""
    internal = "|".join(INTERNAL)
    text = re.sub(rf"^(?:{internal}):.*\n", "", text, flags=re.M)
    for match in re.finditer(r"^\??(\w+):((?:.*\n)(?:[ \t]+.*\n)*)(\n*)", text, flags=re.M):
        yield match[1], match[2] + ("\n" if match[3] else "")


def _rule(rule: tuple[str, str]) -> str:
    """A rule as EBNF: without Lark's marks for what the tree keeps."""
    name, right = rule
    right = re.sub(r"[ \t]*->[ \t]*[a-z]\w*", "", right)
    alternatives = [" ".join(part.split()) for part in re.split(r"\n\s*\|", right.strip())]
    shown = [_plain(part) for part in alternatives]
    shown[0] = re.sub(r" \| (?:broken\b|dotted arguments\?)", "", shown[0])
    left = f"{_plain(name):<12} ::= "
    return left + f"\n{' ' * (len(left) - 2)}| ".join(shown) + ("\n" if right.endswith("\n\n") else "")


def _plain(text: str) -> str:
    """Names without the underscores that keep them apart from Python's words or out of the tree."""
    return re.sub(r'"[^"]*"|\b_*([A-Za-z]\w*?)_*\b', lambda word: word[1] or word[0], text)


def _terminals(text: str) -> Iterator[str]:
    yield "| terminal | text | |\n|---|---|---|"
    for match in re.finditer(r"^(\w+)(?:\.\d+)?: (.*)$", text, flags=re.M):
        name = match[1].strip("_")
        if name in INTERNAL:
            continue
        pattern = PATTERNS.get(name, match[2]) if match[2].startswith('"') or name in PATTERNS else ""
        yield f"| `{name}` | {f'`{pattern}`' if pattern else ''} | {TERMINALS[name]} |".replace("|  |", "| |")


def _prose(comment: str) -> str:
    """The first paragraph of the comment at the head of the grammar; the second is about the parser."""
    return " ".join(line.removeprefix("//").strip() for line in comment.split("\n//\n")[0].splitlines())


if __name__ == "__main__":
    main()
