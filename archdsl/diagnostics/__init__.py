"""Mistakes as facts (`problem`), and how they are shown (`render`)."""

from archdsl.diagnostics.problem import PROBLEMS, Diagnostic, Edit, Label, Problem, item, listing, respelled, suggestion

__all__ = ["PROBLEMS", "Diagnostic", "Edit", "Label", "Problem", "item", "listing", "respelled", "suggestion"]
