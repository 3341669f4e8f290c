"""The manual pages of ops and of problems, made from what these say of themselves.

Takes classes, returns text for a terminal (`page`) or for the reference in `docs/` (`op_reference`,
`problem_reference`); prints nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import dedent
from typing import Any

from archdsl.diagnostics import PROBLEMS, Problem, suggestion
from archdsl.diagnostics.page import page as doc
from archdsl.ops import OPS, Attribute, Op
from archdsl.ops.chapters import CHAPTERS

KINDS = {
    "int": "integer",
    "int | None": "integer or none",
    "Integers": "integer or list of integers",
    "Dim": "size",
    "Dims": "list of sizes",
    "Size": "integer, or one for each spatial axis",
    "Size | None": "integer, or one for each spatial axis, or none",
    "float": "number",
    "float | None": "number or none",
    "Floats": "number or list of numbers",
    "bool": "true or false",
    "str": "string",
    "Initializer": "initialiser",
}
"""What an argument takes, in words."""


def page(subject: str) -> str:
    """The page of an op or of a diagnostic's code.

    page("uneven-groups"); page("error[uneven-groups]"); page("conv")

    Raises LookupError, whose text says what might have been meant.
    """
    bracketed = re.fullmatch(r"\w+\[(.+)\]", subject)
    name = bracketed[1] if bracketed else subject
    pages = [_op(OPS[name])] if name in OPS else []
    pages += [_problem(PROBLEMS[name])] if name in PROBLEMS else []
    if not pages:
        hint = suggestion(name, [*OPS, *PROBLEMS])
        raise LookupError(f"{name} is neither an op nor the code of a diagnostic" + (f": {hint}" if hint else ""))
    return "\n\n".join(pages)


def op_list() -> str:
    """Every op with its arguments and what it does, two lines each."""
    return "\n".join(f"{signature(op)}\n    {_first_line(op)}" for op in OPS.values())


def op_reference() -> str:
    """Every op by chapter, as Markdown: its page, its example, a table of its arguments."""
    chapters = [_chapter(chapter.title, [op for op in OPS.values() if op.chapter is chapter]) for chapter in CHAPTERS]
    index = [f"- {title}: {', '.join(_link(op.name) for op in ops)}" for title, ops, _ in chapters]
    return "\n\n".join(["\n".join(index), *(text for _, _, text in chapters)])


def problem_reference() -> str:
    """Every diagnostic by code, as Markdown: what it says, and its page."""
    return "\n\n".join(_problem_section(PROBLEMS[code]) for code in sorted(PROBLEMS))


def signature(op: type[Op]) -> str:
    """How a spec writes the op.

    signature(Linear)      # "linear(features, bias=true)"
    """
    arguments = (a.name if a.required else f"{a.name}={literal(a.default)}" for a in op.attributes().values())
    listed = ", ".join(arguments)
    return f"{op.name}({listed})" if listed else op.name


def literal(value: Any) -> str:
    """A value as a spec writes it.

    literal(True); literal((1, 2))      # "true", "(1, 2)"
    """
    if isinstance(value, bool | None):
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))})"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _first_line(kind: type[Op]) -> str:
    return doc(kind).partition("\n")[0]


def _op(op: type[Op]) -> str:
    rows = [(argument.name, _facts(argument)) for argument in op.attributes().values()]
    width = max((len(name) for name, _ in rows), default=0)
    table = ["Arguments:", *(f"    {name:<{width}}  {facts}" for name, facts in rows)] if rows else []
    return "\n".join([signature(op), "", doc(op), *([""] if table else []), *table])


def _facts(argument: Attribute) -> str:
    facts = [argument.doc] if argument.doc else []
    facts.append("required" if argument.required else f"default {literal(argument.default)}")
    return "; ".join(facts + _range(argument))


def _range(argument: Attribute) -> list[str]:
    facts = [f"one of {', '.join(map(literal, argument.choices))}"] if argument.choices else []
    facts += [f"at least {argument.at_least}"] if argument.at_least is not None else []
    facts += [f"at most {argument.at_most}"] if argument.at_most is not None else []
    return facts


def _problem(problem: type[Problem]) -> str:
    return f"{problem.severity}[{problem.code}]\n\n{doc(problem)}"


def _link(code: str) -> str:
    return f"[{code}](#{code})"


def _chapter(title: str, ops: list[type[Op]]) -> tuple[str, list[type[Op]], str]:
    return title, ops, "\n\n".join([f"## {title}", *map(_op_section, ops)])


def _op_section(op: type[Op]) -> str:
    head = f"### {op.name}\n\n`{signature(op)}`"
    rows = [
        (f"`{a.name}`", KINDS[a.kind], "required" if a.required else f"`{literal(a.default)}`", *_cells(a))
        for a in op.attributes().values()
    ]
    columns = ("argument", "takes", "default", "range", "what it is")
    return "\n\n".join([head, markdown(doc(op), "arch op"), *([_table(columns, rows)] if rows else [])])


def _cells(argument: Attribute) -> tuple[str, str]:
    return ", ".join(_range(argument)), argument.doc


def _table(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [tuple(columns), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    shown = [f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines]
    return "\n".join([shown[0], "|---" * len(lines[0]) + "|", *shown[1:]])


def _problem_section(problem: type[Problem]) -> str:
    said = re.sub(r"\{(\w+)[^}]*\}", r"‹\1›", problem.message)
    return f"## {problem.code}\n\n> {problem.severity}[{problem.code}]: {said}\n\n{markdown(doc(problem), 'text')}"


def markdown(text: str, language: str) -> str:
    """A manual page as Markdown: its indented examples become fenced blocks.

    markdown("Add.\\n\\n    add { | a | b }", "arch")      # "Add.\\n\\n```arch\\nadd { | a | b }\\n```"
    """
    parts: list[str] = []
    for is_example, lines in groupby(_paragraphs(text), key=lambda paragraph: paragraph.startswith(" ")):
        joined = "\n\n".join(lines)
        parts.append(f"```{language}\n{dedent(joined)}\n```" if is_example else joined)
    return "\n\n".join(parts)


def _paragraphs(text: str) -> Iterator[str]:
    yield from re.split(r"\n\n+", text.strip("\n"))
