"""The manual pages of ops and of problems, made from what these say of themselves.

Takes classes, returns text; prints nothing.
"""

from __future__ import annotations

import re
from typing import Any

from archdsl.diagnostics import PROBLEMS, Problem, suggestion
from archdsl.diagnostics.page import page as doc
from archdsl.ops import OPS, Attribute, Op


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
    facts += [f"one of {', '.join(map(literal, argument.choices))}"] if argument.choices else []
    facts += [f"at least {argument.at_least}"] if argument.at_least is not None else []
    facts += [f"at most {argument.at_most}"] if argument.at_most is not None else []
    return "; ".join(facts)


def _problem(problem: type[Problem]) -> str:
    return f"{problem.severity}[{problem.code}]\n\n{doc(problem)}"
