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
    "?": "a choice between values is written a if condition else b",
    "→": "stages are chained by ->",
    "/*": "a comment starts with #",
    "--": "a comment starts with #",
    "+=": "sums are joins: add { | … | identity }",
}


def foreign(text: str, offset: int, found: str, accepted: set[str]) -> str:
    """A fix for a habit of another language, or nothing."""
    before = text[text.rfind("\n", 0, offset) + 1 : offset]
    if not before and re.match(r"[A-Za-z_]\w*\s*=", text[offset:]):
        return f"a number of the whole file is a function: fn {found}() = …, and {found}() where it is used"
    if not before and re.fullmatch(r"[A-Za-z_]\w*", found):
        return ITEMS.get(found, f"a file declares networks, blocks and functions: network {found} {{ … }}")
    if found in STATEMENTS:
        return STATEMENTS[found]
    if found in SIGNS:
        return SIGNS[found]
    if not before.strip():
        above = text[:offset].rstrip()
        before = above[above.rfind("\n") + 1 :] if above.endswith("{") else before
    for pattern, sign, hint in PLACES:
        if re.match(sign, text[offset : offset + 200]) and re.search(pattern, before[-400:]):
            return hint
    return ""


NUMBER = "a name stands for a layer; a number is a parameter, network Name(width=64) { … }, or stands where it is used"
SUFFIX = "a number has decimal digits, and K, M, G or T behind it for thousands, millions, …: 4.2G"


PLACES = (
    (
        r"^block\b.*:\s*\[[^\[\]]*\]\s*$",
        r"\[",
        "an arrow stands between what comes in and what leaves: [N, C] -> [N, D]",
    ),
    (r"", r"\w*[^\W\d_a-zA-Z]", "a name is made of the letters a to z and A to Z, digits and underscores"),
    (
        r"[(,]\s*(?:\w+\s*=\s*)?[A-Za-z_]\w*(?:\{[^{}\n]+\}\w*)+\s*$",
        r"[-+*/%.\[(]",
        "a name with braces is an argument by itself: up(skip{i}); in.channels is that of the value before a stage",
    ),
    (r"^\s*input\s*$", r":", "an input has a name: input image: [N, 3, 224, 224]"),
    (r"^\s*output\s*$", r":", "an output has a name: output logits = …"),
    (r"->\s*$", r"output\b", "an output is a statement of its own: output logits = …"),
    (r"->\s*$", r"\[", "a claim stands behind a colon: layer(…) : [N, 64, H, W]"),
    (r":\s*$", r"\(", "a shape stands in square brackets: [N, 3, 224, 224]"),
    (r"^\s*input\b.*\]\s*$", r"if\b|when\b|,[ \t]*\S", "what is known of the sizes stands behind where: where H >= 32"),
    (r"^fn\b.*\)\s*$", r"[{:]", "a function is written fn name(…) = …"),
    (r"^network\s+\w+\s*$", r"extends\b|:|from\b", "a network made from another is written network Name = Other(…)"),
    (r"\bimport\s+$", r"\*", "say what is imported: import stage, head"),
    (r"\bimport\b.*$", r"as\b", "a name that is imported keeps its name"),
    (r"\[[^\]]*$", r"for\b", "a list is written out; a loop counts: repeat i in 4 { conv(64 * 2 ** i, kernel=3) }"),
    (r"\bfor\s*\(\s*\w+\s*$", r"=", "repeat i in 3 { … } counts from 0"),
    (r"\brepeat\s+\w+\s*$", r"times\b|x\b", "write repeat 3 { … }"),
    (r"^\s*$", r"\d+\s*\*", "repeat 3 { … } repeats"),
    (r"\)\s*$", r"\*\s*\d", "repeat 2 { … } repeats"),
    (r"\bexpect\s+$", r"output\b", "an output is spoken of by its name; one without a name is out"),
    (r"\d\s*$", r",\s*\d{3}\b", "digits are grouped by underscores: 30_730"),
    (r"\d\s+$", r"[KMGT]\b", "nothing stands between a number and its K, M, G or T: 4.2G"),
    (r"", r"\d[\d_]*[A-Za-z]\w*", SUFFIX),
    (r"[(\[,=\s]$", r"\.\d", "a digit stands before the point: 0.5"),
    (r"^\s*\w+\s*=\s*\w+\s*$", r"[-+*/%]+\s*[\d(]", NUMBER),
    (r"^\s*\w+\s*=\s*$", r"in\b", NUMBER),
    (r"(\w|\))\s*$", r"\+\s*[A-Za-z]", "values are added in the arms of a join: add { | a | b }"),
    (r"(\w|\))\s*$", r"\*\s*[A-Za-z]", "values are multiplied in the arms of a join: mul { | a | b }"),
    (r"(\w|\))\s*$", r"-\s*>", "an arrow is written without a space: ->"),
    (r"\|[^|]*$", r",\s*\|", "a bar separates arms; no comma is needed"),
    (r"^[^|]*\)\s*$", r"\|", "stages are chained by ->; a bar starts an arm: add { | … | … }"),
    (r"\)$", r"\.\w", "stages are chained by ->"),
    (r"[\w)\]]\s*$", r",[ \t]*(?:#.*)?(?:\n|$)", "a new line separates statements; no comma is needed"),
    (r"^\s*with\s+\w+\s*$", r"\{", "say what is different: with conv(bias=false) { … }"),
    (r"\"\"$", r"\"", "a comment starts with #; above a block, ## documents it"),
    (r"^\s*(input|block|network)\s+$", r"\{", "a name comes first: network Name { … }"),
    (r"^\s*(network|block)\s+$", r"", "a name comes first"),
    (r"\bfrom\s+$", r"\w", 'a file is named in quotes: from "blocks.arch" import …'),
    (r"^\s*input\s+\w+\s*:\s*$", r"[\w(]", "a shape stands in square brackets: input image: [N, 3, 224, 224]"),
    (r"^\s*input\s+\w+\s*$", r"\[|=", "a colon comes before the shape: input image: [N, 3, 224, 224]"),
    (r"\brepeat\s+$", r"\{", "say how often: repeat 3 { … }"),
    (r"\bfor\s+\w+\s+$", r"", "the list comes behind in: for width in [64, 128] { … }"),
    (r"\bin\s+$", r"\{", "a list stands in square brackets: [64, 128]"),
    (r"\b(add|mul|sub|concat|matmul)\s*(\([^()]*\))?\s*\{\s*$", r"", "every arm starts with |, the first one too"),
    (r"^\s*\w+\s*==?\s*$", r"=?=", "one = names a layer: name = layer(…)"),
    (r"^\s*\w+\s*$", r"==", "one = names a layer: name = layer(…)"),
    (r"^\s*\w+\s*=\s*$", r"[\d\[]", NUMBER),
    (r"\)\s*$", r"\(", "a layer takes the value before it: value -> layer(…)"),
    (r"[(\[,]\s*$", r",", "one comma is enough"),
    (r"^\s*else\s*$", r":", "a body stands in braces: { … }"),
)
"""What stands before a mistake on its line, what it is, and what to do."""
