"""The examples in manual pages as whole specs, with the shapes or the problem that their comments promise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

SHAPE = r"(?:int )?\[[^\]]*\]"
STATED = re.compile(rf"(?P<before>{SHAPE}(?:, {SHAPE})*) -> (?P<after>{SHAPE}(?:, {SHAPE})*)")
PROMISED = re.compile(r"#.*?\b(?:error|warning|note)\[([\w-]+)\]")
ITEM = re.compile(r"^(?:network|block|fn|from|##)\b", re.M)


class OpExample(NamedTuple):
    """A spec that holds the example, and the shapes of what it leaves: those that its comment states, or none."""

    text: str
    spec: str
    after: list[str]


def op_examples(text: str, last: list[str]) -> Iterator[OpExample]:
    """The statements of an op's example, each with the shapes beside it; one without goes on from the last one's.

    conv(64, kernel=3, stride=2, padding=1)      # [N, 3, 32, 32] -> [N, 64, 16, 16]

    `last` is what the example above left; it is brought up to date.
    """
    for statement in _statements(text):
        stated = STATED.search(statement.splitlines()[0].partition("#")[2])
        before, after = (_shapes(stated["before"]), _shapes(stated["after"])) if stated else (last[:1], [])
        assert before, f"no shape comes into {statement}"
        names = re.findall(r"\| (\w+)", statement) if len(before) > 1 else ["x"]
        inputs = [f"input {name}: {shape}" for name, shape in zip(names, before, strict=True)]
        parts = re.match(r"(\w+(?:, \w+)+) = ", statement)
        outputs = [f"output {part}" for part in parts[1].split(", ")] if parts else []
        yield OpExample(statement, "\n".join(["network t {", *inputs, statement, *outputs, "}"]), after)
        last[:] = after[:1] or last


def _statements(text: str) -> Iterator[str]:
    """Lines, and stretches of lines that braces hold together."""
    lines: list[str] = []
    for line in text.splitlines():
        lines.append(line)
        code = "\n".join(part.partition("#")[0] for part in lines)
        if code.strip() and code.count("{") == code.count("}"):
            yield "\n".join(lines)
            lines = []
    assert not any(map(str.strip, lines)), f"unbalanced: {lines}"


def _shapes(text: str) -> list[str]:
    return re.findall(SHAPE, text)


class ProblemExample(NamedTuple):
    """One form of the example of a diagnostic's page: its files, the commands that check them, what they promise."""

    files: dict[str, str]
    commands: list[str]
    promised: set[tuple[str, str, int]]
    """Code, file and line; a promise beside a command, at line 0, names no place."""


def problem_examples(text: str) -> tuple[ProblemExample, ProblemExample]:
    """The bad form and the good form in the example of a diagnostic's page.

    input image: [N, 30, 8, 8]
    conv(60, kernel=3, groups=4)      # error[uneven-groups]
    conv(60, kernel=3, groups=5)      # good

    Lines that promise a diagnostic, or say `# bad`, are the bad form's; lines that say `# good` are the good form's;
    the others belong to both. A comment that is a file's name starts a file; the last one is checked, as `net.arch`.
    `$ archdsl check net.arch …` and `>>> archdsl.load("net.arch")` check in another way. Statements alone are the body
    of a network, whose input is [N, 15, 32, 32] unless they declare one.
    """
    rows = [(line, _form(line)) for line in text.splitlines()]
    return _example(rows, "bad"), _example(rows, "good")


def _form(line: str) -> str:
    if PROMISED.search(line) or re.search(r"# bad\b", line):
        return "bad"
    return "good" if re.search(r"# good\b", line) else "both"


def _example(rows: list[tuple[str, str]], form: str) -> ProblemExample:
    files: dict[str, list[str]] = {"net.arch": []}
    commands: list[str] = []
    promised: set[tuple[str, str, int]] = set()
    name = "net.arch"
    for line, which in rows:
        if which not in ("both", form):
            continue
        head = re.fullmatch(r"# (\w+\.arch)", line.strip())
        codes = re.findall(r"(?:error|warning|note)\[([\w-]+)\]", line)
        if head:
            name = head[1]
            files.setdefault(name, [])
        elif re.match(r"\$ |>>> ", line):
            commands.append(re.split(r"\s+# ", line)[0])
            promised |= {(one, "net.arch", 0) for one in codes}
        else:
            files[name].append(line)
            promised |= {(one, name, len(files[name])) for one in codes}
    texts, shift = {}, 0
    for name, lines in files.items():
        texts[name], shift = _whole("\n".join(lines))
        promised = {(c, f, number + shift if number and f == name else number) for c, f, number in promised}
    return ProblemExample(texts, commands or ["$ archdsl check net.arch"], promised)


def _whole(text: str) -> tuple[str, int]:
    """A spec around the lines of an example, and how many lines stand before them."""
    if ITEM.search(text) or not re.search(r"^[^#\s]", text, re.M):
        return f"{text}\n", 0
    declared = "" if re.search(r"^\s*input ", text, re.M) else " input x: [N, 15, 32, 32]"
    return f"network t {{{declared}\n{text}\n}}\n", 1
