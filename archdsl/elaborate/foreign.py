"""Words of other languages and libraries, and what to write in their place."""

from __future__ import annotations

import re
from collections.abc import Iterable

from archdsl.diagnostics import suggestion

WORDS = {"True": "true", "False": "false", "None": "none", "null": "none", "nil": "none"}

OPS = {
    "averagepooling": "avg_pool",
    "bn": "batch_norm",
    "cat": "concat",
    "concatenate": "concat",
    "convtranspose": "conv_transpose",
    "deconv": "conv_transpose",
    "dense": "linear",
    "fc": "linear",
    "fullyconnected": "linear",
    "gap": "global_avg_pool",
    "globalaveragepooling": "global_avg_pool",
    "globalmaxpooling": "global_max_pool",
    "lrn": "local_response_norm",
    "maxpooling": "max_pool",
    "multiheadattention": "attention",
    "multiply": "mul",
    "residual": "add",
    "selfattention": "attention",
    "subtract": "sub",
    "swish": "silu",
    "transpose": "permute",
    "upsampling": "upsample",
    "view": "reshape",
    "zeropad": "pad",
}

ARGUMENTS = {
    "activation": "an activation is a stage of its own: -> relu",
    "in_channels": "leave it out: what comes in is known",
    "in_features": "leave it out: what comes in is known",
    "input_shape": "leave it out: what comes in is known",
    "inplace": "leave it out: a stage never changes the value that it is given",
    "name": "the name of a layer stands before it: name = …",
    "num_features": "leave it out: what comes in is known",
    "units": "did you mean features?",
    "out_features": "did you mean features?",
    "filters": "did you mean channels?",
    "strides": "did you mean stride?",
    "dilation_rate": "did you mean dilation?",
    "rate": "did you mean p?",
    "dim": "did you mean axis?",
    "use_bias": "did you mean bias?",
    "num_heads": "did you mean heads?",
    "num_groups": "did you mean groups?",
    "scale_factor": "did you mean factor?",
    "ceil_mode": "did you mean ceil?",
    "count_include_pad": "did you mean count_padding?",
}


def near_word(name: str, known: Iterable[str]) -> str:
    """What a name in an expression may have been meant to be.

    near_word("True", [])      # "did you mean true?"
    """
    return f"did you mean {WORDS[name]}?" if name in WORDS else suggestion(name, known)


def near_op(name: str, ops: Iterable[str], others: Iterable[str]) -> str:
    """What a stage may have been meant to be; other libraries put the number of axes behind the name.

    near_op("MaxPool2d", ["max_pool"], [])      # "did you mean max_pool?"
    """
    ops = list(ops)
    plain = re.sub(r"[123]d$", "", name, flags=re.I)
    known = OPS.get(plain.replace("_", "").lower())
    return f"did you mean {known}?" if known in ops else suggestion(plain, [*ops, *others])


def near_argument(name: str, known: Iterable[str]) -> str:
    """What an argument may have been meant to be.

    near_argument("filters", ["channels", "kernel"])      # "did you mean channels?"
    """
    known = list(known)
    meant = ARGUMENTS.get(name, "")
    if meant and (not meant.startswith("did") or meant.split()[-1].rstrip("?") in known):
        return meant
    return suggestion(name, known)
