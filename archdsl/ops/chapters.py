"""The chapters of the manual: what ops are grouped by, and the kind of box that a picture draws for them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from archdsl.record import Record

Kind: TypeAlias = Literal[
    "convolution", "linear", "pooling", "norm", "activation", "join", "form", "learned", "training"
]
"""What an op is in a picture."""


class Chapter(Record):
    """A chapter of the op reference, and the kind of its ops in a picture."""

    title: str
    kind: Kind


CONVOLUTIONS = Chapter("Convolutions", "convolution")
LINEAR = Chapter("Linear layers, attention, embeddings", "linear")
POOLING = Chapter("Pooling", "pooling")
NORMS = Chapter("Norms", "norm")
ACTIVATIONS = Chapter("Activations", "activation")
JOINS = Chapter("Joins", "join")
FORMS = Chapter("Other forms of the same values", "form")
ROOM = Chapter("Padding and upsampling", "form")
REDUCTIONS = Chapter("Reductions", "pooling")
LEARNED = Chapter("Learned values", "learned")
REGULARIZATION = Chapter("Regularization", "training")
AUGMENTATION = Chapter("Augmentation", "training")

CHAPTERS = (
    *(CONVOLUTIONS, LINEAR, POOLING, NORMS, ACTIVATIONS, JOINS, FORMS, ROOM, REDUCTIONS, LEARNED),
    *(REGULARIZATION, AUGMENTATION),
)
"""All chapters, in their order."""
