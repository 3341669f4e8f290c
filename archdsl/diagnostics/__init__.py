"""Mistakes as facts (`problem`), and how they are shown (`render`)."""

from archdsl.diagnostics.problem import PROBLEMS, Diagnostic, Label, Problem, listing, suggestion

__all__ = ["PROBLEMS", "Diagnostic", "Label", "Problem", "listing", "suggestion"]
