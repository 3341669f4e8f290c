"""From the tree to the graph: the function of each kind of step and statement, and a run that starts with them.

A block is expanded once for each set of arguments and shapes it is used with; further uses share the graph.
"""

from __future__ import annotations

from archdsl.diagnostics import Diagnostic, Problem
from archdsl.elaborate import blocks, control, layers
from archdsl.elaborate.context import Context, Names, Rules, Run
from archdsl.elaborate.mistake import POISONED, error
from archdsl.elaborate.values import ValueRef
from archdsl.syntax import tree


class MisplacedStatement(Problem):
    """Inputs, outputs and expectations belong to the body of a network.

    input x: [N, 8]
    { output logits = linear(4) }      # error[misplaced-statement]
    output logits = linear(4)          # good
    """

    code = "misplaced-statement"
    message = "{what} belongs {where}"
    what: str
    where: str


def new_run(problems: list[Diagnostic], parametric: bool = False) -> Run:
    """A run that adds its problems to these."""
    return Run(RULES, problems, parametric)


def _broken(step: tree.Broken, context: Context, current: ValueRef | None, names: Names) -> ValueRef | None:
    """What could not be read was reported."""
    raise POISONED


def _elsewhere(statement: tree.Statement, context: Context, current: ValueRef | None) -> ValueRef | None:
    """Statements that only a network has."""
    what: dict[type[tree.Tree], str] = {
        tree.InputDeclaration: "an input",
        tree.Output: "an output",
        tree.Expect: "an expectation",
    }
    problem = MisplacedStatement(what[type(statement)], "directly in the body of a network")
    raise error(problem, statement.span)


RULES = Rules(
    steps={
        tree.Apply: layers.apply,
        tree.Branch: layers.branch,
        tree.Inline: blocks.inline,
        tree.Group: blocks.group,
        tree.Repeat: control.repeat,
        tree.For: control.for_,
        tree.If: control.if_,
        tree.With: control.with_,
        tree.Broken: _broken,
    },
    statements={
        tree.Shared: layers.shared,
        tree.InputDeclaration: _elsewhere,
        tree.Output: _elsewhere,
        tree.Expect: _elsewhere,
    },
)
