"""What a box says: an op's name and the few arguments that a figure in a paper would show.

    conv(64, kernel=7, stride=2, padding=3, bias=false)      # conv   7×7, 64, /2

What does not change the look of a network (padding, biases, first values) is left to the box's facts.
"""

from __future__ import annotations

import re
from typing import Any

from archdsl.graph.nodes import Apply
from archdsl.graph.text import literal
from archdsl.ops import Op

UNSEEN = frozenset(
    (
        *("padding", "output_padding", "bias", "affine", "init", "eps", "momentum", "ceil", "count_padding"),
        *("broadcast", "approximate"),
    )
)
"""Arguments that a picture leaves out."""

LONGEST = 56
"""Characters of a text in a box."""

LONG_NUMBER = re.compile(r"(?<![\w.])\d+\.\d{5,}(?:e-?\d+)?(?!\w)")
"""A number of more digits than a figure would have."""


def caption(node: Apply) -> str:
    """The arguments of an op as a figure shows them; empty where there is nothing to say.

    caption(node)      # "7×7, 64, /2"
    """
    op: Op = node.op
    attributes = op.attributes()
    first = next(iter(attributes), "")
    words: dict[str, str] = {}
    values = op.values()
    for name, given in values.items():
        value = values["kernel"] if name == "stride" and given is None else given
        default = attributes[name].default
        default = (default,) * len(value) if isinstance(value, tuple) and isinstance(default, int) else default
        if name in UNSEEN or value == default or value is None:
            continue
        words[name] = _stride(value) if name == "stride" else _written(name, value, attributes[name].kind, first)
    return shortened(", ".join(words[name] for name in sorted(words, key=lambda name: name != "kernel")))


def shortened(text: str) -> str:
    """A text that no box need grow beyond: what is cut off, digits too, stands in the box's facts.

    shortened("drop=0.0058823529411764705")      # "drop=0.005882"
    """
    text = LONG_NUMBER.sub(lambda found: f"{float(found[0]):.4g}", text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip(' ,')}…"


def _written(name: str, value: Any, kind: str, first: str) -> str:
    if name == "kernel" or kind.startswith("Size"):
        shown = _times(value)
    else:
        shown = literal(value[0] if isinstance(value, tuple) and len(value) == 1 else value)
    return shown if name in (first, "kernel") else f"{name}={shown}"


def _times(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _stride(value: Any) -> str:
    same = isinstance(value, tuple) and len(set(value)) == 1
    return f"/{value[0] if same else _times(value)}"
