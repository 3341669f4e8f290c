"""Specs out of thin air: well-formed ones, grown stage by stage under the checker's eye, and damaged ones."""

from __future__ import annotations

from hypothesis import strategies as st

import archdsl

small = st.integers(1, 4)


@st.composite
def conv(draw: st.DrawFn) -> str:
    groups = draw(st.sampled_from([1, 1, 1, 2]))
    options = [f"kernel={draw(st.integers(1, 4))}"]
    options += [f"stride={draw(small)}"] * draw(st.booleans())
    options += [f"padding={draw(st.integers(0, 3))}"] * draw(st.booleans())
    options += [f"dilation={draw(st.integers(1, 3))}"] * draw(st.booleans())
    options += [f"groups={groups}"] * (groups > 1)
    options += ["bias=false"] * draw(st.booleans())
    options += ["flip=true"] * draw(st.integers(0, 4).map(lambda n: n == 0))
    return f"conv({groups * draw(small)}, {', '.join(options)})"


@st.composite
def pool(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["max_pool", "avg_pool"]))
    kernel = draw(st.integers(1, 4))
    options = [str(kernel)]
    options += [f"stride={draw(small)}"] * draw(st.booleans())
    options += [f"padding={draw(st.integers(0, kernel // 2))}"] * draw(st.booleans())
    options += ["ceil=true"] * draw(st.booleans())
    options += ["count_padding=false"] * (name == "avg_pool" and draw(st.booleans()))
    options += ["dilation=2"] * (name == "max_pool" and draw(st.integers(0, 4).map(lambda n: n == 0)))
    return f"{name}({', '.join(options)})"


plain = st.sampled_from(
    ["relu", "sigmoid", "tanh", "softmax", "identity", "dropout(0.3)", "flatten", "softmax(axis=-1)", "batch_norm"]
)
linear = st.integers(1, 6).map(lambda n: f"linear({n})")
shaping = st.sampled_from(
    [
        *("gelu", "silu", "elu(0.5)", "leaky_relu", "prelu(per_channel=true)", "hardswish", "softplus", "log_softmax"),
        *("scale(0.5)", "mean(1, keep=true)", "max(-1, keep=true)", "reshape([-1])", "reshape([in.channels, -1])"),
        *("permute([0, 2, 1])", "permute([0, 3, 1, 2])", "slice(2, start=1)", "slice(-1, step=2)", "chunk(2)"),
        *("pad(1)", 'pad(1, mode="reflect")', 'pad(2, mode="circular")', "upsample(2)", "pixel_unshuffle(2)"),
        *('upsample(2, mode="bilinear")', "channel_shuffle(2)", "parameter([3, 4], init=normal(0.5))", "split([1, 2])"),
    ]
)
layer = st.one_of(conv(), conv(), pool(), plain, plain, linear, shaping)


@st.composite
def stage(draw: st.DrawFn, depth: int = 2) -> str:
    """A layer, or stages within a branch, a repetition, a choice or a group."""
    if depth == 0:
        return draw(layer)
    inner = st.lists(stage(depth - 1), min_size=1, max_size=2).map(" -> ".join)
    kinds = [
        layer,
        layer,
        layer,
        inner.map(lambda s: f"add {{ | {s} | identity }}"),
        inner.map(lambda s: f"mul(broadcast=true) {{ | {s} | identity }}"),
        inner.map(lambda s: f"matmul(transpose=true) {{ | {s} | identity }}"),
        st.tuples(inner, inner).map(lambda s: f"concat {{ | {s[0]} | {s[1]} }}"),
        inner.map(lambda s: f"concat {{ | {s} | }}"),
        inner.map(lambda s: f"repeat i in 2 {{ {s} }}"),
        inner.map(lambda s: f"{{ {s} }}"),
        inner.map(lambda s: f"if in.rank == 4 {{ {s} }} else {{ relu }}"),
    ]
    return draw(st.one_of(kinds))


@st.composite
def network(draw: st.DrawFn) -> str:
    """A network that passes the check; stages that don't fit are left out."""
    channels = draw(small)
    rank = draw(st.sampled_from([1, 2, 2, 2, 3]))
    sizes = ", ".join(str(draw(st.integers(2, 10))) for _ in range(rank))
    lines = [f"input x: [N, {channels}, {sizes}]"]
    stages = draw(st.lists(stage(), min_size=1, max_size=6))
    blocks: list[str] = []
    for index, text in enumerate(stages):
        named = draw(st.sampled_from(["", "", f"s{index} = "]))
        use = text
        if draw(st.integers(0, 4)) == 0:
            use = f"b{index}"
        if named and use.startswith(("repeat", "if")):
            named = ""
        declared = [*blocks, f"block b{index} {{ {text} }}"] if use != text else blocks
        if archdsl.check(spec(declared, [*lines, named + use])).ok:
            lines.append(named + use)
            blocks = declared
    return spec(blocks, [*lines, "identity"])


def spec(blocks: list[str], lines: list[str]) -> str:
    body = "\n    ".join(lines)
    return "\n".join([*blocks, f"network t {{\n    {body}\n}}\n"])


PIECES = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "|",
    "->",
    "=",
    ",",
    ":",
    "\n",
    " ",
    "0",
    "-1",
    "1.5",
    '"',
    "x",
    "in",
    "if",
    "#",
]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A spec with something cut out, doubled, swapped or put in."""
    text = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        piece = draw(st.one_of(st.just(""), st.sampled_from(PIECES), st.just(text[start:end] * 2), st.text(max_size=3)))
        text = text[:start] + piece + text[end:]
    return text


SAMPLES = [
    """block b(channels, stride=1) {
    add {
        | conv(channels, kernel=3, stride=stride, padding=1) -> relu
        | if stride != 1 { s = conv(channels, kernel=1, stride=stride) }
    }
}

fn double(n) = 2 * n if n > 0 else -n

network t(width=8) {
    input x: [N, 3, H, 16] where H % 4 == 0
    for i, w in [width, double(width)] { b{i} = b(w, stride=2) }
    concat(axis=1) { | identity | { max_pool(3, stride=1, padding=1) } } : [N, 2 * in.channels, H / 4, 4]
    with conv(bias=false) { repeat j in 2 { conv(4, kernel=1) } }
    shared head = { relu }
    head -> head
    expect params < 1M
}

network u = t(width=4) { expect out.channels == 4 }
""",
    """network t {
    input a: [N, 4]
    input b: int [N, 4]
    a -> y = linear(3)
    "in" = relu
    output y
}
""",
]
