"""Random networks as text, and what arithmetic says of their sizes: for every height and width at once, by NumPy.

Bytes say which network it is, so that hypothesis can shrink it. The network runs on arrays of sizes in the place of an
image: each stage is the rule for its size as PyTorch documents it, written again here and sharing nothing with the
compiler. `sizes_of` tells where the network comes as far as each join and each claim, and where that one fails.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Sizes = NDArray[np.int64]
Mask = NDArray[np.bool_]
HEIGHTS, WIDTHS = np.arange(1, 201)[:, None], np.arange(1, 201)[None, :]


class Value(NamedTuple):
    """A value on its way: its channels, and the sizes that it has for each size of the input."""

    channels: int
    height: Sizes
    width: Sizes


class Stage(NamedTuple):
    """An op: its text, and what it leaves of each axis, with where it can run."""

    text: str
    run: Callable[[Value], tuple[Value, Mask]]


IDENTITY = Stage("identity", lambda x: (x, x.height > 0))


class Claim(NamedTuple):
    """A shape written behind a stage."""

    text: str
    sizes: tuple[Callable[[Sizes, Sizes], Sizes], ...]


class Join(NamedTuple):
    """Arms that are added, or joined along an axis."""

    head: str
    axis: int | None
    arms: tuple[list[Any], ...]


class Verdict(NamedTuple):
    """Where a join or a claim, told by its line, is reached, and where it fails along each axis that it speaks of.

    A join of several arms holds the first against each other: a list for each.
    """

    line: int
    reached: Mask
    failing: list[list[Mask]]


class Network(NamedTuple):
    """A network as text, by lines; `stated` says where its input's facts hold."""

    lines: list[str]
    body: list[Any]
    stated: Callable[[Sizes, Sizes], Mask]
    places: dict[int, int]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


class Choices:
    """Decisions read off bytes, 0 when they have run out."""

    def __init__(self, data: bytes) -> None:
        self.data = iter(data)

    def below(self, count: int) -> int:
        return next(self.data, 0) % count

    def one(self, *options: Any) -> Any:
        return options[self.below(len(options))]


def network(data: bytes) -> Network:
    """The network that some bytes say."""
    choices = Choices(data)
    facts = [_fact(choices) for _ in range(choices.one(0, 0, 1, 1, 2))]
    body = _body(choices, depth=2)
    where = f" where {', '.join(text for text, _ in facts)}" if facts else ""
    lines = ["network t {", f"    input image: [N, 2, H, W]{where}"]
    places: dict[int, int] = {}
    _write(body, 1, lines, places)

    def stated(height: Sizes, width: Sizes) -> Mask:
        found: Mask = np.ones(np.broadcast_shapes(height.shape, width.shape), bool)
        for _, holds in facts:
            found = found & holds(height, width)
        return found

    return Network([*lines, "}"], body, stated, places)


def _fact(choices: Choices) -> tuple[str, Callable[[Sizes, Sizes], Any]]:
    """Something that an input states of its sizes."""
    kind = choices.below(9)
    m, c = 2 + choices.below(7), choices.below(40)
    name = choices.one("H", "W")
    one: Callable[[Sizes, Sizes], Sizes] = (lambda h, w: h) if name == "H" else (lambda h, w: w)
    if kind < 2:
        return f"{name} % {m} == {c % m}", lambda h, w: one(h, w) % m == c % m
    if kind == 2:
        return f"{name} >= {c}", lambda h, w: one(h, w) >= c
    if kind == 3:
        return f"{name} <= {c + 40}", lambda h, w: one(h, w) <= c + 40
    if kind == 4:
        return "W == H", lambda h, w: w == h
    if kind == 5:
        return f"W == {m} * H", lambda h, w: w == m * h
    if kind == 6:
        return f"2 * H == {m} * W", lambda h, w: 2 * h == m * w
    if kind == 7:
        return f"H >= W + {c}", lambda h, w: h >= w + c
    return f"(H + W) % {m} == 0", lambda h, w: (h + w) % m == 0


def _body(choices: Choices, depth: int) -> list[Any]:
    stages: list[Any] = [_stage(choices) for _ in range(choices.one(0, 1, 1, 2))]
    if depth:
        for _ in range(choices.one(1, 1, 2) if depth == 2 else choices.one(0, 0, 1)):
            head, axis = choices.one(("add", None), ("concat", 1), ("concat(axis=2)", 2), ("concat(axis=3)", 3))
            count = choices.one(2, 2, 2, 3)
            alike = choices.below(3) > 0
            arms = _alike(choices, count) if alike else tuple(_body(choices, depth - 1) for _ in range(count))
            stages.append(Join(head, axis, arms))
            stages.append(_conv(1, 1, 0, 1, 1, 0))
            if choices.below(3) == 0:
                stages.append(_claim(choices))
            stages += [_stage(choices) for _ in range(choices.one(0, 0, 1, 2))]
    return stages


def _alike(choices: Choices, count: int) -> tuple[list[Any], ...]:
    """Arms that leave the same sizes by different ways; one of them now and then does not."""
    s = 1 + choices.below(5)
    up, down = choices.one((1, s), (s, s), (s, 1), (1, 2 * s))
    before = [_op(choices) for _ in range(choices.one(0, 0, 1))]
    arms = []
    for _ in range(count):
        ways = (
            [_conv(1, down, 0, down, 1, 0)],
            [_conv(3, down, 1, down, 1, 0)],
            [_conv(3, down, 2, down, 2, 1)],
            [_pool("max_pool", down, down, down, 0, True)],
            [_pool("avg_pool", 3, down, down, 1, False)],
            [_pool("max_pool", down, down, down, 0, False)],
            [_op(choices)],
        )
        arms.append([*before, _up(up), *choices.one(*ways[:5], *ways)])
    return tuple(arms)


def _up(s: int) -> Stage:
    return Stage(f"upsample({s})", lambda x: (Value(x.channels, x.height * s, x.width * s), x.height > 0))


def _stage(choices: Choices) -> Stage | Claim:
    return _claim(choices) if choices.below(10) == 9 else _op(choices)


def _op(choices: Choices) -> Stage:
    """One op; kernels and strides differ by axis now and then."""
    kind = choices.one("conv", "conv", "pool", "pool", "up", "pad", "transposed", "slice", "turn")
    if kind == "turn":
        return Stage("permute([0, 1, 3, 2])", lambda x: (Value(x.channels, x.width, x.height), x.height > 0))
    k, s, p = 1 + choices.below(5), 1 + choices.below(4), choices.below(3)
    other = 1 + choices.below(4) if choices.below(3) == 0 else s
    if kind == "conv":
        return _conv(k, s, p, other, choices.one(1, 1, 2), choices.below(2))
    if kind == "pool":
        return _pool(choices.one("max_pool", "avg_pool"), k, s, other, min(p, k // 2), bool(choices.below(2)))
    if kind == "up":
        return _up(s)
    if kind == "pad":
        text = f"pad([{p}, 0], after=[{s}, {other}])"
        return Stage(text, lambda x: (Value(x.channels, x.height + p + s, x.width + other), x.height > 0))
    if kind == "slice":
        stop, rest = choices.one(("", 0), (", stop=-1", 1))

        def cut(x: Value) -> tuple[Value, Mask]:
            left = x.height - p - rest
            return Value(x.channels, left, x.width), left >= 1

        return Stage(f"slice(axis=2, start={p}{stop})", cut)

    def spread(x: Value) -> tuple[Value, Mask]:
        height, width = ((n - 1) * step + k - 2 * p for n, step in ((x.height, s), (x.width, other)))
        return Value(2, height, width), (height >= 1) & (width >= 1)

    return Stage(f"conv_transpose(2, kernel={k}, stride=({s}, {other}), padding={p})", spread)


def _conv(k: int, s: int, p: int, other: int, dilation: int, same: int) -> Stage:
    pad = dilation * (k - 1) // 2 if same else p
    span = dilation * (k - 1) + 1
    text = f"conv(2, kernel={k}, stride=({s}, {other}), padding={pad}, dilation={dilation})"

    def run(x: Value) -> tuple[Value, Mask]:
        rooms = (x.height + 2 * pad, x.width + 2 * pad)
        height, width = ((room - span) // step + 1 for room, step in zip(rooms, (s, other), strict=True))
        return Value(2, height, width), (rooms[0] >= span) & (rooms[1] >= span)

    return Stage(text, run)


def _pool(name: str, k: int, s: int, other: int, p: int, ceil: bool) -> Stage:
    text = f"{name}({k}, stride=({s}, {other}), padding={p}{', ceil=true' if ceil else ''})"

    def along(n: Sizes, step: int) -> Sizes:
        if not ceil:
            return (n + 2 * p - k) // step + 1
        stops = -((n + 2 * p - k) // -step) + 1
        return np.where((stops - 1) * step >= n + p, stops - 1, stops)

    def run(x: Value) -> tuple[Value, Mask]:
        height, width = along(x.height, s), along(x.width, other)
        fits = (x.height + 2 * p >= k) & (x.width + 2 * p >= k) & (height >= 1) & (width >= 1)
        return Value(x.channels, height, width), fits

    return Stage(text, run)


def _claim(choices: Choices) -> Claim:
    """A shape that may be true or not."""
    (height, tall), (width, wide) = (_size(choices, symbol) for symbol in ("H", "W"))
    return Claim(f"[N, in.channels, {height}, {width}]", (tall, wide))


def _size(choices: Choices, symbol: str) -> tuple[str, Callable[[Sizes, Sizes], Sizes]]:
    one: Callable[[Sizes, Sizes], Sizes] = (lambda h, w: h) if symbol == "H" else (lambda h, w: w)
    n, c = 1 + choices.below(8), choices.below(4)
    return choices.one(
        (symbol, one),
        (symbol, one),
        (f"ceil({symbol} / {n})", lambda h, w: -(-one(h, w) // n)),
        (f"({symbol} + {c}) // {n}", lambda h, w: (one(h, w) + c) // n),
        (f"min({symbol}, {9 * c + 1})", lambda h, w: np.minimum(one(h, w), 9 * c + 1)),
        ("max(H, W)", np.maximum),
        (f"(H + W + {c}) // 2", lambda h, w: (h + w + c) // 2),
    )


def _write(body: list[Any], depth: int, lines: list[str], places: dict[int, int]) -> None:
    """The lines of a body; the line of each join and of each claim is kept in `places`."""
    indent = "    " * depth
    for item in body:
        if isinstance(item, Stage):
            lines.append(f"{indent}{item.text}")
        elif isinstance(item, Claim):
            lines.append(f"{indent}identity : {item.text}")
            places[id(item)] = len(lines)
        else:
            lines.append(f"{indent}{item.head} {{")
            places[id(item)] = len(lines)
            for arm in item.arms:
                lines.append(f"{indent}    | {{")
                _write(arm or [IDENTITY], depth + 2, lines, places)
                lines.append(f"{indent}    }}")
            lines.append(f"{indent}}}")


class _Ended(Exception):
    """Nothing more is looked at."""


def sizes_of(net: Network, height: Sizes, width: Sizes, told: set[int]) -> tuple[list[Verdict], Mask]:
    """What becomes of each join and claim for some heights (a column) and widths (a row), and where the network runs.

    `told` are the lines of which a problem was told. What a join leaves that has one is not known, and what comes after
    it is left out; behind a claim that is wrong, what it meant is taken for true, so that nothing more is looked at.
    """
    reached = net.stated(height, width)
    found: list[Verdict] = []

    def run(body: list[Any], x: Value) -> Value | None:
        nonlocal reached
        for item in body:
            if isinstance(item, Stage):
                x, fits = item.run(x)
                reached = reached & fits
            elif isinstance(item, Claim):
                line = net.places[id(item)]
                wanted = [size(height, width) for size in item.sizes]
                found.append(Verdict(line, reached, [[x.height != wanted[0]], [x.width != wanted[1]]]))
                if line in told:
                    raise _Ended
            else:
                left = join(item, x)
                if left is None:
                    return None
                x = left
        return x

    def join(item: Join, x: Value) -> Value | None:
        arms = [run(arm, x) for arm in item.arms]
        known = [arm for arm in arms if arm is not None]
        line = net.places[id(item)]
        if len(known) < len(arms):
            return None
        first = known[0]
        pairs: list[list[Mask]] = []
        for other in known[1:]:
            channels = np.asarray(first.channels != other.channels)
            axes = {1: channels, 2: first.height != other.height, 3: first.width != other.width}
            pairs.append([differs for axis, differs in axes.items() if axis != item.axis])
        found.append(Verdict(line, reached, pairs))
        if line in told:
            return None
        return Value(
            sum(arm.channels for arm in known) if item.axis == 1 else first.channels,
            sum((arm.height for arm in known[1:]), first.height) if item.axis == 2 else first.height,
            sum((arm.width for arm in known[1:]), first.width) if item.axis == 3 else first.width,
        )

    with suppress(_Ended):
        run(net.body, Value(2, height, width))
    return found, reached
