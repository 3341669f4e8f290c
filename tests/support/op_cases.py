"""Networks for every op: the examples of its manual page, made small, and the corners that a page has no room for.

A case is a network that holds an example: as it stands (`alone`), as an arm of a join (`joined`), and with layers
around it that passes can take it into (`between`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from textwrap import dedent
from typing import NamedTuple

from archdsl import Network, check
from archdsl.compiler import check_source
from archdsl.diagnostics.page import page
from archdsl.diagnostics.render import render
from archdsl.manual import markdown
from archdsl.ops import OPS, Op
from archdsl.source import Source
from support.doc_examples import OpExample, op_examples

SIZES = {"N": 3, "T": 5, "H": 7, "W": 6, "L": 9, "D": 4}
"""What free sizes are when a network runs."""

SMALL = {2: ((24,),), 3: ((7, 8), (8, 12)), 4: ((6, 12), (7, 8), (6, 10))}
"""Sizes to try in place of an example's own, for each axis but the batch, by the number of axes."""

CORNERS: dict[str, str] = {
    "conv": """
        conv(4, kernel=3, stride=2, dilation=2, padding=2)              # [N, 2, 9] -> [N, 4, 5]
        conv(3, kernel=1, padding=1)                                    # [N, 2, 5] -> [N, 3, 7]
        conv(3, kernel=1, stride=2)                                     # [N, 2, 7, 6] -> [N, 3, 4, 3]
        conv(6, kernel=(3, 1), stride=(1, 2), padding=(0, 2), dilation=(2, 1), groups=2)  # [N, 4, 7, 5] -> [N, 6, 3, 5]
        conv(4, kernel=3, padding=1, groups=4, bias=false)              # [N, 4, 6, 5] -> [N, 4, 6, 5]
        conv(2, kernel=(2, 3, 1), stride=(2, 1, 1), flip=true)          # [N, 3, 4, 5, 3] -> [N, 2, 2, 3, 3]
        conv(4, kernel=3, padding=1)                                    # [N, 3, H, W] -> [N, 4, H, W]
    """,
    "conv_transpose": """
        conv_transpose(4, kernel=3, stride=2, dilation=2, output_padding=1, padding=1)  # [N, 2, 4] -> [N, 4, 10]
        conv_transpose(3, kernel=1, padding=1, output_padding=2, dilation=3)            # [N, 2, 4] -> [N, 3, 4]
        conv_transpose(3, kernel=1, padding=1)                          # [N, 2, 7, 6] -> [N, 3, 5, 4]
        conv_transpose(3, kernel=1, bias=false)                         # [N, 2, 4, 3] -> [N, 3, 4, 3]
        conv_transpose(3, kernel=1, dilation=2, output_padding=1)       # [N, 2, 4, 3] -> [N, 3, 5, 4]
        conv_transpose(6, kernel=(3, 2), stride=(2, 3), padding=(1, 0), groups=2)  # [N, 4, 4, 3] -> [N, 6, 7, 8]
        conv_transpose(2, kernel=(1, 2, 3), stride=(2, 1, 1))           # [N, 3, 2, 4, 3] -> [N, 2, 3, 5, 5]
    """,
    "linear": """
        linear(4, bias=false)           # [N, 5, 6] -> [N, 5, 4]
        linear(3, axis=4)               # [N, 2, 4, 3, 5] -> [N, 2, 4, 3, 3]
    """,
    "max_pool": """
        max_pool(3, stride=2, padding=1, ceil=true)         # [N, 2, 8] -> [N, 2, 5]
        max_pool(1)                                         # [N, 2, 5, 4] -> [N, 2, 5, 4]
        max_pool(1, stride=2)                               # [N, 2, 5, 4] -> [N, 2, 3, 2]
        max_pool((3, 2), stride=(1, 2), padding=(1, 0), dilation=(2, 1))  # [N, 3, 7, 6] -> [N, 3, 5, 3]
        max_pool(2, dilation=2, padding=1, stride=1)        # [N, 3, 7, 6] -> [N, 3, 7, 6]
        max_pool((1, 2, 3), stride=1)                       # [N, 2, 3, 4, 5] -> [N, 2, 3, 3, 3]
    """,
    "avg_pool": """
        avg_pool(3, stride=2, padding=1, ceil=true)                          # [N, 2, 8] -> [N, 2, 5]
        avg_pool(1, stride=2)                                                # [N, 2, 5, 4] -> [N, 2, 3, 2]
        avg_pool((3, 2), stride=(2, 1), padding=(1, 0), count_padding=false, ceil=true)  # [N, 3, 8, 6] -> [N, 3, 5, 5]
        avg_pool(3, stride=1, padding=1)                                     # [N, 2, H, W] -> [N, 2, H, W]
        avg_pool((1, 2, 3), padding=(0, 1, 1), stride=2)                     # [N, 2, 3, 4, 5] -> [N, 2, 2, 3, 3]
    """,
    "lp_pool": """
        lp_pool(3, stride=2, p=3, ceil=true)        # [N, 2, 8] -> [N, 2, 4]
        lp_pool((2, 1), p=2.5)                      # [N, 3, 6, 5] -> [N, 3, 3, 5]
        lp_pool(1, p=1)                             # [N, 3, 3, 4] -> [N, 3, 3, 4]
        lp_pool((1, 2, 2), stride=1)                # [N, 2, 3, 4, 5] -> [N, 2, 3, 3, 4]
    """,
    "global_avg_pool": """
        global_avg_pool      # [N, 4, 5] -> [N, 4, 1]
        global_avg_pool      # [N, 2, 3, 4, 5] -> [N, 2, 1, 1, 1]
    """,
    "global_max_pool": """
        global_max_pool      # [N, 4, 5] -> [N, 4, 1]
        global_max_pool      # [N, 2, 3, 4, 5] -> [N, 2, 1, 1, 1]
    """,
    "adaptive_avg_pool": """
        adaptive_avg_pool(4)              # [N, 3, 9] -> [N, 3, 4]
        adaptive_avg_pool((2, 1, 3))      # [N, 2, 3, 4, 5] -> [N, 2, 2, 1, 3]
    """,
    "adaptive_max_pool": """
        adaptive_max_pool(4)              # [N, 3, 9] -> [N, 3, 4]
        adaptive_max_pool((4, 9))         # [N, 3, 7, 6] -> [N, 3, 4, 9]
        adaptive_max_pool((2, 1, 3))      # [N, 2, 3, 4, 5] -> [N, 2, 2, 1, 3]
    """,
    "batch_norm": """
        batch_norm(eps=0.01, momentum=none)         # [N, 5] -> [N, 5]
        batch_norm(momentum=0.6, affine=false)      # [N, 4, 5] -> [N, 4, 5]
        batch_norm                                  # [N, 2, 3, 4, 5] -> [N, 2, 3, 4, 5]
    """,
    "layer_norm": """
        layer_norm(eps=0.1, affine=false)           # [N, 5, 6] -> [N, 5, 6]
        layer_norm(axes=2, bias=false)              # [N, 4, 5, 6] -> [N, 4, 5, 6]
        layer_norm                                  # [N, 6] -> [N, 6]
    """,
    "rms_norm": """
        rms_norm(eps=0.1, affine=false)             # [N, 5, 6] -> [N, 5, 6]
        rms_norm                                    # [N, 6] -> [N, 6]
    """,
    "group_norm": """
        group_norm(2, eps=0.1, affine=false)        # [N, 6] -> [N, 6]
        group_norm(3)                               # [N, 6, 5] -> [N, 6, 5]
        group_norm(2)                               # [N, 4, H, W] -> [N, 4, H, W]
        group_norm(1)                               # [N, 2, 3, 4, 5] -> [N, 2, 3, 4, 5]
    """,
    "instance_norm": """
        instance_norm(eps=0.1, affine=true)         # [N, 4, 5] -> [N, 4, 5]
        instance_norm                               # [N, 3, H, W] -> [N, 3, H, W]
        instance_norm(affine=true)                  # [N, 2, 3, 4, 5] -> [N, 2, 3, 4, 5]
    """,
    "local_response_norm": """
        local_response_norm(4, alpha=0.3, beta=0.5)         # [N, 7, 5] -> [N, 7, 5]
        local_response_norm(3, alpha=0.7, k=1.5)            # [N, 5, 4, 3] -> [N, 5, 4, 3]
        local_response_norm(7, alpha=0.7)                   # [N, 2, 3, 4, 5] -> [N, 2, 3, 4, 5]
    """,
    "leaky_relu": """
        leaky_relu(-0.3)                # [N, 5] -> [N, 5]
    """,
    "prelu": """
        prelu                           # [N] -> [N]
        prelu(per_channel=true)         # [N] -> [N]
        prelu(per_channel=true)         # [N, 5] -> [N, 5]
        prelu                           # [N, 4, 5] -> [N, 4, 5]
        prelu(per_channel=true)         # [N, 2, 3, 4, 5] -> [N, 2, 3, 4, 5]
        prelu(per_channel=true)         # [N, 1, 4, 5] -> [N, 1, 4, 5]
    """,
    "softmax": """
        softmax                         # [N, 4, 5] -> [N, 4, 5]
        softmax(axis=-1)                # [N, 4, 3, 5] -> [N, 4, 3, 5]
        softmax(axis=-2)                # [N, 4, 3, 5] -> [N, 4, 3, 5]
    """,
    "log_softmax": """
        log_softmax(axis=-1)            # [N, 4, 3, 5] -> [N, 4, 3, 5]
    """,
    "flatten": """
        flatten(start=-2)               # [N, 4, 3, 5] -> [N, 4, 15]
    """,
    "reshape": """
        reshape([2, in.channels / 2, in.height, in.width])  # [N, 4, H, W] -> [N, 2, 2, H, W]
        reshape([-1])                                       # [N, 4, 3, 5] -> [N, 60]
    """,
    "permute": """
        permute([0, -2, -1, 1])         # [N, 4, 3, 5] -> [N, 3, 5, 4]
        permute([0, -1, 1])             # [N, 4, 3] -> [N, 3, 4]
        permute([-4, 2, -3, -1])        # [N, 4, 3, 5] -> [N, 3, 4, 5]
    """,
    "slice": """
        slice(axis=-1, start=1, stop=-1, step=2)        # [N, 4, 6] -> [N, 4, 2]
        slice(axis=-2, start=-3)                        # [N, 4, 5, 6] -> [N, 4, 3, 6]
    """,
    "split": """
        a, b, c = split([1, 3, 2], axis=-2)             # [N, 6, 5] -> [N, 1, 5], [N, 3, 5], [N, 2, 5]
        a, b = split([2, 2], axis=3)                    # [N, 2, 5, 4] -> [N, 2, 5, 2], [N, 2, 5, 2]
        split([6])                                      # [N, 6, 5] -> [N, 6, 5]
    """,
    "chunk": """
        a, b, c = chunk(3, axis=-1)                     # [N, 5, 6] -> [N, 5, 2], [N, 5, 2], [N, 5, 2]
        chunk(1)                                        # [N, 5, 6] -> [N, 5, 6]
    """,
    "pad": """
        pad(2, after=0, mode="circular")                # [N, 2, 5] -> [N, 2, 7]
        pad((1, 0, 2), after=(0, 1, 1), mode="replicate")  # [N, 2, 3, 4, 5] -> [N, 2, 4, 5, 8]
        pad((2, 1), after=(0, 2), mode="reflect")       # [N, 2, 4, 5] -> [N, 2, 6, 8]
        pad(0)                                          # [N, 2, 4, 5] -> [N, 2, 4, 5]
    """,
    "upsample": """
        upsample(3, mode="linear")                                  # [N, 2, 5] -> [N, 2, 15]
        upsample((3, 2))                                            # [N, 2, 4, 3] -> [N, 2, 12, 6]
        upsample((2, 3), mode="bilinear", align_corners=true)       # [N, 2, 4, 3] -> [N, 2, 8, 9]
        upsample(1, mode="bilinear", align_corners=true)            # [N, 2, 1, 3] -> [N, 2, 1, 3]
        upsample((2, 1, 2), mode="trilinear")                       # [N, 2, 3, 2, 3] -> [N, 2, 6, 2, 6]
    """,
    "pixel_shuffle": """
        pixel_shuffle(1)                # [N, 2, 3, 4] -> [N, 2, 3, 4]
        pixel_shuffle(3)                # [N, 18, 2, 3] -> [N, 2, 6, 9]
    """,
    "pixel_unshuffle": """
        pixel_unshuffle(3)              # [N, 2, 6, 3] -> [N, 18, 2, 1]
    """,
    "channel_shuffle": """
        channel_shuffle(4)              # [N, 8, 5] -> [N, 8, 5]
        channel_shuffle(2)              # [N, 6, 2, 3, 2] -> [N, 6, 2, 3, 2]
    """,
    "mean": """
        mean(-1)                        # [N, 4, 5] -> [N, 4]
        mean([-1, 1], keep=true)        # [N, 4, 5, 3] -> [N, 1, 5, 1]
        mean(-3)                        # [N, 4, 5, 3] -> [N, 5, 3]
    """,
    "max": """
        max([-2, 1])                    # [N, 4, 5, 3] -> [N, 3]
        max(-1, keep=true)              # [N, 4, 5] -> [N, 4, 1]
    """,
    "scale": """
        scale(axis=-2)                  # [N, 4, 5, 3] -> [N, 4, 5, 3]
    """,
    "add": """
        add(broadcast=true) { | identity | mean(-1, keep=true) | mean(1, keep=true) }  # [N, 3, 4, 5] -> [N, 3, 4, 5]
        add { | identity | relu | tanh | identity }     # [N, 5] -> [N, 5]
    """,
    "mul": """
        mul { | identity | relu | tanh | identity }     # [N, 5] -> [N, 5]
    """,
    "sub": """
        sub(broadcast=true) { | mean(-1, keep=true) | identity }        # [N, 3, 4] -> [N, 3, 4]
    """,
    "concat": """
        concat(axis=-1) { | identity | relu | pad(1) }                  # [N, 3, 4] -> [N, 3, 14]
        concat(axis=2) { | max_pool((2, 1)) | identity }                # [N, 3, 4, 5] -> [N, 3, 6, 5]
        concat(axis=-2) { | identity | tanh }                           # [N, 3, 4, 5] -> [N, 3, 8, 5]
        concat { | identity | tanh }                                    # [N, 5] -> [N, 10]
    """,
    "matmul": """
        matmul { | a | b }                      # [N, 2, 3, 4], [N, 2, 4, 5] -> [N, 2, 3, 5]
        matmul(transpose=true) { | a | b }      # [N, 2, 3, 2, 4], [N, 2, 3, 5, 4] -> [N, 2, 3, 2, 5]
    """,
    "attention": """
        attention(2)                            # [N, 5, 6] -> [N, 5, 6]
        attention(3, bias=false, causal=true)   # [N, 4, 6] -> [N, 4, 6]
        attention(1)                            # [N, T, 4] -> [N, T, 4]
    """,
    "embedding": """
        embedding(11, 3)                        # int [N] -> [N, 3]
        embedding(11, 4)                        # int [N, 2, 5] -> [N, 2, 5, 4]
    """,
    "normalize": """
        normalize(0.3, [0.7, 1.9])              # [N, 2, 4, 5] -> [N, 2, 4, 5]
        normalize([0.1, 0.2], 0.3)              # [N, 2, H, W] -> [N, 2, H, W]
        normalize(0.1, 0.3)                     # [N, 2, 4, 5] -> [N, 2, 4, 5]
    """,
    "random_flip": """
        random_flip(0.3, axis="vertical")       # [N, 2, 4, 5] -> [N, 2, 4, 5]
    """,
    "random_crop": """
        random_crop(padding=[1, 2])             # [N, 2, 4, 5] -> [N, 2, 4, 5]
    """,
    "random_resized_crop": """
        random_resized_crop(scale=[0.4, 0.9], ratio=[0.5, 1.5])         # [N, 2, 8, 6] -> [N, 2, 8, 6]
    """,
    "color_jitter": """
        color_jitter(brightness=0.3, contrast=0.2)                      # [N, 1, 4, 5] -> [N, 1, 4, 5]
        color_jitter(saturation=0.3, hue=0.2)                           # [N, 3, 4, 5] -> [N, 3, 4, 5]
    """,
}
"""More examples, in the form of a manual page's: other numbers of axes, windows of 1, axes counted from the end, …"""


class Case(NamedTuple):
    """A network that applies an op, and what it is called in a test."""

    op: str
    around: str
    name: str
    net: Network

    def __str__(self) -> str:
        return self.name


def shown(op: type[Op]) -> list[OpExample]:
    """The examples on the manual page of an op."""
    last: list[str] = []
    blocks = re.findall(r"```arch op\n(.*?)```", markdown(page(op), "arch op"), re.S)
    return [example for block in blocks for example in op_examples(block, last)]


def examples(name: str) -> list[OpExample]:
    """Every example of an op: those on its page, made small, then the corners."""
    return [*map(smaller, shown(OPS[name])), *op_examples(dedent(CORNERS.get(name, "")).strip(), [])]


@cache
def cases(name: str) -> list[Case]:
    """Each example of an op, in every surrounding that fits."""
    return list(_cases(name))


def _cases(name: str) -> Iterator[Case]:
    for example in examples(name):
        line = " ".join(example.text.partition("#")[0].split())
        for around, text in surroundings(example.spec).items():
            net = checked(text)
            if net is not None:
                yield Case(name, around, f"{line} [{around}]", net)
            assert net or around != "alone", f"{name}: its example is no network\n{text}{_why(text)}"


@cache
def checked(text: str) -> Network | None:
    """The network of a text, if it passes the check."""
    report = check_source(Source("net.arch", text))
    return report.networks[0] if report.ok and report.networks else None


def _why(text: str) -> str:
    return "\n" + render(check(text).problems)


def smaller(example: OpExample) -> OpExample:
    """The example on the smallest input that it accepts, with sizes that differ from axis to axis.

    Numbers above 15 in the statement that are sizes of the input get smaller with it: `parameter([197, 768])`.
    """
    inputs = re.findall(r"^input (\w+): ((?:int )?)\[(.*)\]$", example.spec, re.M)
    if len(inputs) > 1:
        return example
    ((_, kind, sizes),) = inputs
    batch, *rest = sizes.split(", ")
    small = (SMALL[len(rest) + 1] if len(rest) + 1 in SMALL else ((),) * len(rest)) if rest else ()
    options = [(*map(str, few), own) if own.isdigit() else (own,) for few, own in zip(small, rest, strict=True)]
    weight = lambda dims: sum(len(dim) + int(dim) for dim in dims if dim.isdigit())  # noqa: E731
    for dims in sorted(product(*options), key=weight):
        text = example.spec.replace(f"{kind}[{sizes}]", f"{kind}[{', '.join([batch, *dims])}]", 1)
        large = {own: few for own, few in zip(rest, dims, strict=True) if own.isdigit() and int(own) > 15}
        also = re.sub(r"\d+", lambda number, large=large: large.get(number[0], number[0]), text)
        for spec in (also, text):
            if checked(spec):
                return OpExample(example.text, spec, [])
    return example


def surroundings(spec: str) -> dict[str, str]:
    """The network as it is, its statement as an arm, and between other layers; not every one passes the check."""
    found = {"alone": spec}
    head, *lines = spec.splitlines()
    inputs = [line for line in lines if line.startswith("input ")]
    if len(inputs) > 1 or any(line.startswith("output ") for line in lines):
        return found
    statement = "\n".join(lines[1:-1])
    nameless = re.sub(r"^\w+ = ", "", statement)
    found["joined"] = "\n".join([head, *inputs, "add {", f"| {nameless}", f"| {nameless}\n-> tanh", "}", "}"])
    sizes = inputs[0].partition("[")[2].rstrip("]").split(", ")
    if "int [" in inputs[0] or len(sizes) == 1:
        return found
    rank, channels = len(sizes), sizes[1 if len(sizes) != 3 else -1]
    mix = "linear({})" if rank < 4 else "conv({}, kernel=1)"
    before = [mix.format(channels), "batch_norm" if rank != 3 else "layer_norm"]
    for after in (["batch_norm", "relu", mix.format(5)], [mix.format(5), "relu6"], []):
        text = "\n".join([head, *inputs, *before, statement, *after, "}"])
        if checked(text):
            found["between"] = text
            break
    return found
