"""Words of other languages and libraries, and what to write in their place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from archdsl.diagnostics import suggestion
from archdsl.ops import OPS

WORDS = {
    "True": "true",
    "False": "false",
    "None": "none",
    "null": "none",
    "nil": "none",
    "in_channels": "in.channels",
    "in_features": "in.features",
    "input_channels": "in.channels",
}
HINTS = {
    "x": "the value that comes in is called in: in.channels",
    "same": "padding is a number: half of an odd kernel, rounded down, keeps the size",
    "valid": "padding is a number: 0 keeps windows inside",
}

FORMS = {
    "depthwiseconv": "a depthwise convolution is written conv(in.channels, kernel=3, groups=in.channels)",
    "dwconv": "a depthwise convolution is written conv(in.channels, kernel=3, groups=in.channels)",
    "separableconv": "write conv(in.channels, kernel=3, groups=in.channels) -> conv(…, kernel=1)",
    "conv1x1": "write conv(…, kernel=1)",
    "conv3x3": "write conv(…, kernel=3, padding=1)",
    "pointwiseconv": "a pointwise convolution is written conv(…, kernel=1)",
    "pwconv": "a pointwise convolution is written conv(…, kernel=1)",
    "sequential": "stages in a row need no word: { … -> … }, or a line for each",
    "modulelist": "stages that repeat are written repeat n { … }",
    "squeeze": "write flatten, or reshape([…]) with the sizes that are left",
    "unsqueeze": "write reshape([…]) with the new sizes",
    "expanddims": "write reshape([…]) with the new sizes",
    "skip": "a skip connection is written add { | identity | … }",
    "shortcut": "a shortcut is written add { | identity | … }",
    "residual": "a residual is written add { | identity | … }",
    "interpolate": 'write upsample(2), or upsample(2, mode="bilinear")',
    "print": "archdsl summary shows the shape behind every stage",
}

ARGUMENTS = {
    "activation": "an activation is a stage of its own: -> relu",
    "in_channels": "leave it out: what comes in is known",
    "in_features": "leave it out: what comes in is known",
    "input_shape": "leave it out: what comes in is known",
    "inplace": "leave it out: a stage never changes the value that it is given",
    "name": "the name of a layer stands before it: name = …",
    "num_features": "leave it out: what comes in is known",
}

TOO_LARGE = {"eps": "a layer is not told the channels of what comes in: leave them out"}
"""What a number beyond an argument's range was probably meant to be."""

SYNONYMS = {
    "alpha": ("slope",),
    "ceil_mode": ("ceil",),
    "count_include_pad": ("count_padding",),
    "d_model": ("features",),
    "dilation_rate": ("dilation",),
    "dim": ("axis", "axes", "features"),
    "drop": ("p",),
    "drop_rate": ("p",),
    "embed_dim": ("features",),
    "embedding_dim": ("features",),
    "epsilon": ("eps",),
    "filters": ("channels",),
    "input_dim": ("count",),
    "negative_slope": ("slope",),
    "nhead": ("heads",),
    "num_embeddings": ("count",),
    "num_filters": ("channels",),
    "num_groups": ("groups",),
    "num_heads": ("heads",),
    "out": ("features", "channels"),
    "out_features": ("features",),
    "output_dim": ("features",),
    "output_size": ("size",),
    "pool_size": ("kernel",),
    "rate": ("p",),
    "scale_factor": ("scale", "factor"),
    "size": ("scale", "kernel", "sizes"),
    "start_dim": ("start",),
    "strides": ("stride",),
    "units": ("features",),
    "use_bias": ("bias",),
    "vocab": ("count",),
    "vocab_size": ("count",),
    "width": ("channels", "features"),
}
"""Names of arguments elsewhere, and those here that may be meant; the first that there is, is."""


def near_word(name: str, known: Iterable[str]) -> str:
    """What a name in an expression may have been meant to be.

    near_word("True", [])      # "did you mean true?"
    """
    return f"did you mean {WORDS[name]}?" if name in WORDS else suggestion(name, known) or HINTS.get(name, "")


def near_op(name: str, ops: Iterable[str], others: Iterable[str]) -> str:
    """What a stage may have been meant to be; other libraries put the number of axes behind the name.

    near_op("MaxPool2d", ["max_pool"], [])      # "did you mean max_pool?"
    """
    ops = list(ops)
    word = _normalized(name)
    if word in FORMS:
        return FORMS[word]
    known = _names_elsewhere().get(word)
    return f"did you mean {known}?" if known in ops else suggestion(_without_axes(name), [*ops, *others])


@cache
def _names_elsewhere() -> dict[str, str]:
    """The ops by the names that other libraries have for them."""
    return {_normalized(other): op.name for op in OPS.values() for other in op.names_elsewhere}


def _normalized(name: str) -> str:
    return _without_axes(name).replace("_", "").lower()


def _without_axes(name: str) -> str:
    """A name without its module, and without the number of axes behind it."""
    return re.sub(r"[123]d$", "", name.rpartition(".")[2], flags=re.I)


def without_input(hint: str, given: list[str]) -> str:
    """The hint for a layer of another library, with what its arguments become: what comes in is known here.

    without_input("did you mean conv?", ["3", "64", "3"])      # "write conv(64, 3): what comes in is known"
    """
    meant = re.fullmatch(r"did you mean (\w+)\?", hint)
    fewest = OPS[meant[1]].sized_elsewhere if meant and meant[1] in OPS else None
    if not meant or fewest is None or (given and given[-1].startswith(("(", "["))):
        return hint
    if sum("=" not in word for word in given) < fewest:
        return hint
    rest = f"({', '.join(given[1:])})" if given[1:] else ""
    return f"write {meant[1]}{rest}: what comes in is known"


def near_argument(name: str, known: Iterable[str]) -> str:
    """What an argument may have been meant to be.

    near_argument("filters", ["channels", "kernel"])      # "did you mean channels?"
    """
    known = list(known)
    if name in ARGUMENTS:
        return ARGUMENTS[name]
    meant = next((word for word in SYNONYMS.get(name, ()) if word in known), None)
    return f"did you mean {meant}?" if meant else suggestion(name, known)
