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


def problem_example(text: str, code: str) -> tuple[str, set[tuple[str, int]]] | None:
    """The spec in the example of a diagnostic's page, and the problems that its comments promise, with their lines.

    input image: [N, 30, 8, 8]
    conv(60, kernel=3, groups=4)      # error[uneven-groups]

    Statements alone are the body of a network, whose input is [N, 15, 32, 32] unless they declare one. None where the
    comments promise nothing: then the example shows how it is done well, or is a command.
    """
    lines = text.splitlines()
    promised = {(m[1], number) for number, line in enumerate(lines, 2) for m in [PROMISED.search(line)] if m}
    if not promised:
        return None
    if ITEM.search(text):
        return f"# {code}\n{text}\n", promised
    declared = "" if re.search(r"^\s*input ", text, re.M) else " input x: [N, 15, 32, 32]"
    return f"network t {{{declared}\n{text}\n}}\n", promised
