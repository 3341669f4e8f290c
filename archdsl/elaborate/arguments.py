"""Which argument is for which parameter: of an op, a block, a network or a function."""

from __future__ import annotations

from collections.abc import Hashable

from archdsl.diagnostics import Diagnostic, Edit, Label, Problem, respelled
from archdsl.elaborate.foreign import near_argument
from archdsl.elaborate.mistake import Mistake, error
from archdsl.source import Span
from archdsl.syntax import tree


class UnknownArgument(Problem):
    """An argument given by name must be one that the op or the block has.

    conv(8, kernal=3)      # error[unknown-argument]
    conv(8, kernel=3)      # good
    """

    code = "unknown-argument"
    message = "{callee} has no argument {name}"
    callee: str
    name: str
    near: str = ""

    def help(self) -> str:
        return self.near

    def cause(self, span: Span) -> Hashable:
        return self.callee, self.name

    @property
    def suppressed_by(self) -> Hashable:
        """Where the body of what is called speaks of the name as well, its parameter is what is missing."""
        return self.callee, self.name

    def repair(self, span: Span) -> tuple[Edit, ...]:
        return respelled(self.name, self.near, span)


class MissingArgument(Problem):
    """Arguments without a default must be given.

    conv(8)                # error[missing-argument]
    conv(8, kernel=3)      # good
    """

    code = "missing-argument"
    message = "{callee} needs {names}"
    callee: str
    names: str
    usage: str

    def help(self) -> str:
        return self.usage


class TooManyArguments(Problem):
    """More arguments than the op or the block has.

    relu(1)      # error[too-many-arguments]
    relu         # good
    """

    code = "too-many-arguments"
    message = "{callee} takes {most}, and gets {given}"
    callee: str
    most: str
    given: int
    usage: str

    def help(self) -> str:
        return self.usage


class ArgumentTwice(Problem):
    """An argument is given once.

    conv(8, 3, kernel=3)      # error[argument-twice]
    conv(8, kernel=3)         # good
    """

    code = "argument-twice"
    message = "{name} is given twice"
    name: str
    usage: str

    def help(self) -> str:
        return f"remove one of the two; {self.usage}"


class PositionAfterName(Problem):
    """Arguments by position come before those by name.

    conv(kernel=3, 8)      # error[position-after-name]
    conv(8, kernel=3)      # good
    """

    code = "position-after-name"
    message = "an argument by position follows one by name"

    def help(self) -> str:
        return "put it first, or give it its name"


def match(
    callee: str, known: list[str], arguments: tuple[tree.Argument, ...], span: Span
) -> tuple[dict[str, tree.Argument], list[Mistake]]:
    """Which argument is for which parameter, and what is wrong with those that are for none."""
    given: dict[str, tree.Argument] = {}
    wrong: list[Mistake] = []
    named = crowded = False
    for index, argument in enumerate(arguments):
        if argument.name is None:
            if named:
                wrong.append(error(PositionAfterName(), argument.span))
                continue
            if index >= len(known):
                most = f"{len(known)} argument{'s' * (len(known) != 1)}" if known else "no arguments"
                if not crowded:
                    problem = TooManyArguments(callee, most, len(arguments), usage(callee, known))
                    wrong.append(error(problem, argument.span))
                crowded = True
                continue
            name = known[index]
        else:
            named, name = True, argument.name
            if name not in known:
                near = near_argument(name, known) or usage(callee, known)
                wrong.append(error(UnknownArgument(callee, name, near), named_place(argument)))
                continue
        if name in given:
            label = Label(given[name].span, "first here")
            wrong.append(Mistake(Diagnostic(ArgumentTwice(name, usage(callee, known)), argument.span, (label,))))
            continue
        given[name] = argument
    return given, wrong


def named_place(argument: tree.Argument) -> Span:
    """Where the name of an argument stands; all of it where it has none."""
    span = argument.span
    return Span(span.source, span.start, span.start + len(argument.name)) if argument.name else span


def usage(callee: str, known: list[str]) -> str:
    return f"its arguments are {callee}({', '.join(known)})" if known else f"write {callee} without arguments"
