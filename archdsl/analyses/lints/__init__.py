"""What is allowed and yet is hardly meant: warnings and notes about a file that has no errors.

A lint takes what was checked (`Checked`) and returns its findings; `LINTS` lists them all. Whatever a comment
`# allow: CODE` covers is left out (`allow`). Lints look at one file; what it imports answers for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archdsl.analyses.lints.activations import activations
from archdsl.analyses.lints.affine import affine
from archdsl.analyses.lints.allow import sift
from archdsl.analyses.lints.arms import arms
from archdsl.analyses.lints.bias import bias
from archdsl.analyses.lints.checked import Checked
from archdsl.analyses.lints.clipped import clipped
from archdsl.analyses.lints.dead import dead
from archdsl.analyses.lints.dropout import dropout
from archdsl.analyses.lints.edges import edges
from archdsl.analyses.lints.idle import idle
from archdsl.analyses.lints.layout import layout
from archdsl.analyses.lints.padding import padding
from archdsl.analyses.lints.reserved import reserved
from archdsl.analyses.lints.second_name import second_name
from archdsl.analyses.lints.softmax import softmax
from archdsl.analyses.lints.strides import strides
from archdsl.analyses.lints.unused import unused
from archdsl.diagnostics import Diagnostic

LINTS: tuple[Callable[[Checked], Iterator[Diagnostic]], ...] = (
    unused,
    dead,
    bias,
    dropout,
    activations,
    affine,
    strides,
    edges,
    softmax,
    padding,
    arms,
    idle,
    clipped,
    layout,
    reserved,
    second_name,
)


def lint(checked: Checked) -> list[Diagnostic]:
    """The findings of every lint that no comment allows, and the comments that allow what nothing does."""
    return sift([found for lint in LINTS for found in lint(checked)], checked)
