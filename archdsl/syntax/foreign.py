"""What people write who come from other languages, and what to write instead."""

from __future__ import annotations

import re

STATEMENTS = {
    "elif": "write else if",
    "elsif": "write else if",
    "elseif": "write else if",
    "while": "repeat n { … } repeats; how often is known when compiling",
    "return": "a body leaves its last value; no return is needed",
    "let": "a layer is named without a word before it: name = …",
    "var": "a layer is named without a word before it: name = …",
    "const": "a layer is named without a word before it: name = …",
    "def": "a block is declared outside of others: block name(…) { … }",
    "class": "a network is declared outside of others: network Name { … }",
}

ITEMS = {
    "def": "stages are declared with block name(…) { … }, functions of numbers with fn name(…) = …",
    "class": "write network Name { … }, or block name { … }",
    "import": 'write from "file.arch" import name',
    "input": "an input stands in the braces of a network: network Name { input image: [N, 3, 224, 224] … }",
}

SIGNS = {
    "'": 'strings stand in double quotes: "…"',
    "`": 'strings stand in double quotes: "…"',
    ";": "a new line or -> separates stages; no ; is needed",
    "&": "write and",
    "&&": "write and",
    "||": "write or",
    "!": "write not",
    "=>": "stages are chained by ->",
    "//": "a comment starts with #",
    "^": "a power is written **",
    "+=": "sums are joins: add { | … | identity }",
}


def foreign(text: str, offset: int, found: str, accepted: set[str]) -> str:
    """A fix for a habit of another language, or nothing."""
    before = text[text.rfind("\n", 0, offset) + 1 : offset]
    if not before and re.fullmatch(r"[A-Za-z_]\w*", found):
        return ITEMS.get(found, f"a file declares networks, blocks and functions: network {found} {{ … }}")
    if found in STATEMENTS:
        return STATEMENTS[found]
    if found in SIGNS:
        return SIGNS[found]
    for pattern, sign, hint in PLACES:
        if re.match(sign, text[offset:]) and re.search(pattern, before):
            return hint
    return ""


PLACES = (
    (
        r"^block\b.*:\s*\[[^\[\]]*\]\s*$",
        r"\[",
        "an arrow stands between what comes in and what leaves: [N, C] -> [N, D]",
    ),
    (r"^\s*(input|block|network)\s+$", r"\{", "a name comes first: network Name { … }"),
    (r"^\s*(network|block)\s+$", r"", "a name comes first"),
    (r"\bfrom\s+$", r"\w", 'a file is named in quotes: from "blocks.arch" import …'),
    (r"^\s*input\s+\w+\s*:\s*$", r"\w", "a shape stands in square brackets: input image: [N, 3, 224, 224]"),
    (r"^\s*input\s+\w+\s*$", r"\[", "a colon comes before the shape: input image: [N, 3, 224, 224]"),
    (r"\brepeat\s+$", r"\{", "say how often: repeat 3 { … }"),
    (r"\bfor\s+\w+\s+$", r"", "the list comes behind in: for width in [64, 128] { … }"),
    (r"\bin\s+$", r"\{", "a list stands in square brackets: [64, 128]"),
    (r"\b(add|mul|sub|concat|matmul)\s*(\([^()]*\))?\s*\{\s*$", r"", "every arm starts with |, the first one too"),
    (r"^\s*\w+\s*==?\s*$", r"=?=", "one = names a layer: name = layer(…)"),
    (r"^\s*\w+\s*$", r"==", "one = names a layer: name = layer(…)"),
    (r"^\s*\w+\s*=\s*$", r"[\d\[]", "numbers are parameters: network Name(width=64) { … }"),
    (r"\)\s*$", r"\(", "a layer takes the value before it: value -> layer(…)"),
    (r"[(\[,]\s*$", r",", "one comma is enough"),
    (r"^\s*else\s*$", r":", "a body stands in braces: { … }"),
)
"""What stands before a mistake on its line, what it is, and what to do."""
