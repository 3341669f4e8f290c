"""What a legend calls each kind of box, and its colours.

An op's kind is that of its chapter; blocks and the ends of a network are boxes too. Colours are a fill, a line and a
text, for light and for dark surroundings; every text keeps a contrast of at least 4.5 to its fill.
"""

from __future__ import annotations

from typing import NamedTuple

WORDS: dict[str, str] = {
    "convolution": "convolution",
    "linear": "linear, attention",
    "pooling": "pooling",
    "norm": "norm",
    "activation": "activation",
    "join": "join",
    "form": "other form",
    "learned": "learned value",
    "training": "in training only",
    "block": "block",
}
"""What a legend calls each kind."""


class Colours(NamedTuple):
    """A box's colours."""

    fill: str
    line: str
    text: str


class Theme(NamedTuple):
    """The colours of a picture; `kinds` has those of boxes."""

    paper: str
    ink: str
    faint: str
    wire: str
    frame: str
    rim: str
    kinds: dict[str, Colours]


LIGHT = Theme(
    paper="#ffffff",
    ink="#1f2937",
    faint="#5b6675",
    wire="#6b7788",
    frame="#f5f7fa",
    rim="#c3ccd8",
    kinds={
        "convolution": Colours("#dbe9fd", "#5b8fd9", "#173b6c"),
        "linear": Colours("#e8e1fb", "#8d76d4", "#3b2a78"),
        "pooling": Colours("#fbdfdc", "#d9756b", "#6f211a"),
        "norm": Colours("#fcefcc", "#cfa036", "#5c430a"),
        "activation": Colours("#d9f2df", "#5aae73", "#174d2a"),
        "join": Colours("#ffffff", "#6b7788", "#1f2937"),
        "form": Colours("#e6ebf1", "#8d9bad", "#2c3a4b"),
        "learned": Colours("#d5f1f0", "#45a3a0", "#0f4a49"),
        "training": Colours("#fbe0ee", "#cf72a3", "#6b1c46"),
        "block": Colours("#ffffff", "#8493a6", "#1f2937"),
        "end": Colours("#1f2937", "#1f2937", "#ffffff"),
    },
)

DARK = Theme(
    paper="#11161d",
    ink="#e6ebf2",
    faint="#9aa7b8",
    wire="#8492a5",
    frame="#171e27",
    rim="#364252",
    kinds={
        "convolution": Colours("#19335a", "#5c93e0", "#d6e6ff"),
        "linear": Colours("#322659", "#957ee0", "#e6deff"),
        "pooling": Colours("#54231f", "#dd7a70", "#ffdedb"),
        "norm": Colours("#4a390f", "#cda043", "#fcebc4"),
        "activation": Colours("#173d25", "#58b376", "#d3f5dd"),
        "join": Colours("#11161d", "#8492a5", "#e6ebf2"),
        "form": Colours("#2a3442", "#8594a8", "#e0e7f0"),
        "learned": Colours("#113e3e", "#4badaa", "#cdf3f2"),
        "training": Colours("#4d1d38", "#d878aa", "#ffdcee"),
        "block": Colours("#1d2631", "#7d8ca0", "#e6ebf2"),
        "end": Colours("#e6ebf2", "#e6ebf2", "#11161d"),
    },
)
