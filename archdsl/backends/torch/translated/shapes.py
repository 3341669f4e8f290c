"""What an op does to sizes that are expressions: the shape rules, without the checks that the checker has made.

Takes an op whose attributes may be symbolic and the sizes of what it is given; returns those of what it leaves. A size
that only the running network knows is `Free`, and stays so through arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from archdsl.backends.torch.translated.symbolic import Free, Sym, Untranslatable, binary
from archdsl.ops.adaptive import AdaptiveAvgPool, AdaptiveMaxPool, GlobalAvgPool, GlobalMaxPool
from archdsl.ops.augment import RandomResizedCrop
from archdsl.ops.base import Op
from archdsl.ops.combine import Arithmetic, Concat
from archdsl.ops.conv import Conv
from archdsl.ops.conv_transpose import ConvTranspose
from archdsl.ops.cut import Chunk, Slice, Split
from archdsl.ops.embedding import Embedding
from archdsl.ops.form import Reshape
from archdsl.ops.learned import Parameter
from archdsl.ops.linear import Linear
from archdsl.ops.matmul import Matmul
from archdsl.ops.pad import Pad
from archdsl.ops.pool import AvgPool, LpPool, MaxPool
from archdsl.ops.reduce import Max, Mean
from archdsl.ops.reshape import Flatten, Permute
from archdsl.ops.shuffle import PixelShuffle, PixelUnshuffle
from archdsl.ops.upsample import Upsample

Dims: TypeAlias = tuple[Any, ...]


def left_by(op: Op, *xs: Dims) -> tuple[Dims, ...]:
    """The sizes of each value that an op leaves; most ops keep those that they are given."""
    rule = RULES.get(type(op))
    found = rule(op, *xs) if rule else xs[0]
    if isinstance(op, Split | Chunk):
        return found
    return (found,)


def whole(value: Any, what: str) -> int:
    """A number that must be known when the class is written."""
    if isinstance(value, Sym | bool) or not isinstance(value, int):
        raise Untranslatable(f"{what} must be a number that is written")
    return value


def product(dims: Dims) -> Any:
    found: Any = 1
    for dim in dims:
        found = binary("*", found, dim)
    return found


def _slide(op: Any, x: Dims, channels: Any) -> Dims:
    window = op.window
    if getattr(op, "ceil", False):
        return (x[0], channels, *(_hanging(op, size, axis) for axis, size in enumerate(x[2:])))
    sizes = []
    for axis, size in enumerate(x[2:]):
        if window.dilation[axis] == 1 and window.padding[axis] == 0 and window.stride[axis] == window.kernel[axis]:
            sizes.append(binary("//", size, window.stride[axis]))
            continue
        padded = binary("+", size, binary("*", 2, window.padding[axis]))
        steps = binary("-", padded, window.kernel[axis])
        if window.dilation[axis] != 1:
            reach = binary("*", window.dilation[axis], binary("-", window.kernel[axis], 1))
            steps = binary("-", binary("-", padded, reach), 1)
        places = binary("//", steps, window.stride[axis])
        sizes.append(size if places == binary("-", size, 1) else binary("+", places, 1))
    return (x[0], channels, *sizes)


def _hanging(op: Any, size: Any, axis: int) -> Any:
    window = op.window
    numbers = (size, window.kernel[axis], window.stride[axis], window.padding[axis], window.dilation[axis])
    if any(isinstance(number, Sym) for number in numbers):
        return Free(-1)
    _, kernel, stride, padding, dilation = numbers
    span = dilation * (kernel - 1) + 1
    steps = size + 2 * padding - span
    return (steps + stride - 1 if span >= stride + padding else size + padding - 1) // stride + 1


def _conv_transpose(op: Any, x: Dims) -> Dims:
    sizes = []
    for axis, size in enumerate(x[2:]):
        reach = binary("*", op.dilation[axis], binary("-", op.kernel[axis], 1))
        full = binary("+", binary("*", binary("-", size, 1), op.stride[axis]), binary("+", reach, 1))
        added = binary("+", full, op.output_padding[axis])
        sizes.append(binary("-", added, binary("*", 2, op.padding[axis])))
    return (x[0], op.channels, *sizes)


def _concat(op: Any, *xs: Dims) -> Dims:
    axis = whole(op.axis, "the axis of concat") % len(xs[0])
    total = xs[0][axis]
    for x in xs[1:]:
        total = binary("+", total, x[axis])
    return tuple(total if index == axis else best([x[index] for x in xs]) for index in range(len(xs[0])))


def best(sizes: list[Any]) -> Any:
    """The simplest of sizes that are all the same."""
    return min(sizes, key=lambda size: (isinstance(size, Free), isinstance(size, Sym), len(repr(size))))


def _stretched(op: Any, *xs: Dims) -> Dims:
    columns = zip(*xs, strict=True)
    if op.broadcast is False:
        return tuple(best(list(column)) for column in columns)
    return tuple(_longest([size for size in column if size != 1]) for column in columns)


def _longest(sizes: list[Any]) -> Any:
    """What sizes of 1 stretch to; an expression is not taken to be a 1, unless another size is a number."""
    return next((size for size in sizes if isinstance(size, int)), best(sizes or [1]))


def _reduced(op: Any, x: Dims) -> Dims:
    axes = {whole(axis, "an axis") % len(x) for axis in op.axes}
    if not isinstance(op.keep, bool):
        raise Untranslatable("whether axes are kept must be written")
    if op.keep:
        return tuple(1 if axis in axes else size for axis, size in enumerate(x))
    return tuple(size for axis, size in enumerate(x) if axis not in axes)


def _flatten(op: Any, x: Dims) -> Dims:
    start = whole(op.start, "the first axis of flatten") % len(x)
    return (*x[:start], product(x[start:]))


def _reshape(op: Any, x: Dims) -> Dims:
    if -1 not in [size for size in op.sizes if not isinstance(size, Sym)]:
        return (x[0], *op.sizes)
    rest = product(x[1:])
    for size in op.sizes:
        if size != -1:
            rest = binary("//", rest, size)
    return (x[0], *(rest if size == -1 else size for size in op.sizes))


def _slice(op: Any, x: Dims) -> Dims:
    axis = whole(op.axis, "the axis of slice") % len(x)
    size = x[axis]
    bounds = (size, op.start, op.stop, op.step)
    if any(isinstance(bound, Sym) for bound in bounds):
        known = not any(isinstance(bound, Sym) for bound in bounds[1:]) and op.stop is not None
        if not known or op.start < 0 or op.stop < 0 or isinstance(size, Sym) is False:
            return tuple(Free(-1) if index == axis else dim for index, dim in enumerate(x))
        count = len(range(op.start, op.stop, op.step))
    else:
        count = len(range(size)[op.start : op.stop : op.step])
    return tuple(count if index == axis else dim for index, dim in enumerate(x))


def _parts(op: Any, x: Dims) -> tuple[Dims, ...]:
    axis = whole(op.axis, "the axis of a cut") % len(x)
    if isinstance(op, Split):
        sizes = op.sizes
    else:
        sizes = (binary("//", x[axis], op.count),) * whole(op.count, "the number of parts")
    return tuple(tuple(size if index == axis else dim for index, dim in enumerate(x)) for size in sizes)


def _pad(op: Any, x: Dims) -> Dims:
    sizes = (binary("+", size, binary("+", *ends)) for size, ends in zip(x[2:], op.ends, strict=True))
    return (x[0], x[1], *sizes)


def _linear(op: Any, x: Dims) -> Dims:
    return (*x[:-1], op.features)


def _matmul(op: Any, a: Dims, b: Dims) -> Dims:
    if not isinstance(op.transpose, bool):
        raise Untranslatable("whether a factor is transposed must be written")
    return (*a[:-1], b[-2] if op.transpose else b[-1])


RULES: dict[type[Op], Callable[..., Any]] = {
    Conv: lambda op, x: _slide(op, x, op.channels),
    ConvTranspose: _conv_transpose,
    MaxPool: lambda op, x: _slide(op, x, x[1]),
    AvgPool: lambda op, x: _slide(op, x, x[1]),
    LpPool: lambda op, x: _slide(op, x, x[1]),
    GlobalAvgPool: lambda op, x: (x[0], x[1], *(1 for _ in x[2:])),
    GlobalMaxPool: lambda op, x: (x[0], x[1], *(1 for _ in x[2:])),
    AdaptiveAvgPool: lambda op, x: (x[0], x[1], *op.size),
    AdaptiveMaxPool: lambda op, x: (x[0], x[1], *op.size),
    Linear: _linear,
    Embedding: lambda op, x: (*x, op.features),
    Parameter: lambda op, x: (x[0], *op.sizes),
    Flatten: _flatten,
    Reshape: _reshape,
    Permute: lambda op, x: tuple(x[whole(axis, "an axis")] for axis in op.axes),
    Slice: _slice,
    Split: _parts,
    Chunk: _parts,
    Mean: _reduced,
    Max: _reduced,
    Pad: _pad,
    Upsample: lambda op, x: (
        x[0],
        x[1],
        *(binary("*", size, scale) for size, scale in zip(x[2:], op.scale, strict=True)),
    ),
    PixelShuffle: lambda op, x: (
        x[0],
        binary("//", x[1], binary("**", op.factor, 2)),
        binary("*", x[2], op.factor),
        binary("*", x[3], op.factor),
    ),
    PixelUnshuffle: lambda op, x: (
        x[0],
        binary("*", x[1], binary("**", op.factor, 2)),
        binary("//", x[2], op.factor),
        binary("//", x[3], op.factor),
    ),
    Matmul: _matmul,
    Concat: _concat,
    RandomResizedCrop: lambda op, x: x,
}
RULES |= dict.fromkeys(Arithmetic.__subclasses__(), _stretched)
