"""A change of one arm that makes a join fit, found by trying: another padding or stride, or a projection.

Takes a join that was refused, and its arms' values; returns what to write, or nothing. Each proposal has been run
through the shape rules, so that it holds when applied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from archdsl.diagnostics import Problem
from archdsl.elaborate.ranks import joins, levelled
from archdsl.graph.nodes import Apply, Value
from archdsl.ops import Op, Rejected
from archdsl.ops.combine import Arithmetic, BranchesDiffer
from archdsl.ops.conv import Conv
from archdsl.record import replace
from archdsl.sizes.prove import Known
from archdsl.sizes.shape import Shape

LONGEST = 12
WIDEST = 9
STEEPEST = 4


def advised(problem: Problem, join: Op, arms: Sequence[Value], entry: Value | None, known: Known) -> Problem:
    """The problem, with a change of one arm as its help where one makes the arms fit."""
    if not isinstance(problem, BranchesDiffer) or problem.is_settled:
        return problem
    return replace(problem, fix=advice(join, arms, entry, known) or problem.fix)


def advice(join: Op, arms: Sequence[Value], entry: Value | None, known: Known) -> str:
    """What to change in one arm, if that alone makes the join fit; `entry` is the value that the arms are given.

    advice(Add(), [conv, identity], x, known)      # "give the shortcut its own projection: conv(128, kernel=1)"
    """
    shapes = [arm.shape for arm in arms]
    if len({shape.rank for shape in shapes}) > 1:
        if any("keep" in stage.op.attributes() for arm in arms for stage in _path(arm, entry)):
            return ""  # the problem itself speaks of reductions that keep their axes
        return _shortened(join, arms, shapes, known) or levelled(join, shapes, known)
    suspects = _suspects(arms, entry)
    for index in suspects:
        found = _changed(join, index, _path(arms[index], entry)[:1], shapes, (_forms,), known)
        if found:
            return found
    for index in suspects:
        if isinstance(join, Arithmetic) and not join.takes_equal_arms and entry and _is_shortcut(arms[index], entry):
            found = _projection(join, shapes[index], (shapes[:index], shapes[index + 1 :]), known)
            if found:
                return f"give the shortcut its own projection: {found}"
        found = _changed(join, index, _path(arms[index], entry), shapes, WAYS, known)
        if found:
            return found
    return ""


def _changed(join: Op, index: int, path: list[Apply], shapes: list[Shape], ways: Sequence[Way], known: Known) -> str:
    """A stage of an arm with another argument, if the arm fits then."""
    for stage, change, shape in _changes(path, shapes, ways, known):
        for candidate, more in joins(join):
            if _fits(candidate, [*shapes[:index], shape, *shapes[index + 1 :]], known):
                return f"{change} in {_shown(stage)} makes arm {index + 1} fit{more}"
    return ""


def _shortened(join: Op, arms: Sequence[Value], shapes: Sequence[Shape], known: Known) -> str:
    """The last stage of an arm, if the arm fits without it: a flatten too many."""
    for index, arm in enumerate(arms):
        node = arm.node
        if isinstance(node, Apply) and len(node.inputs) == 1:
            rest = [*shapes[:index], node.inputs[0].shape, *shapes[index + 1 :]]
            if _fits(join, rest, known):
                return f"leave {_shown(node)} out of arm {index + 1}"
    return ""


def _suspects(arms: Sequence[Value], entry: Value | None) -> list[int]:
    """The arms in the order of doubt: shortcuts, then those unlike the most, the last first."""
    spatial = [arm.shape.dims[2:] for arm in arms]
    common = Counter(spatial)
    order = sorted(range(len(arms)), key=lambda index: (common[spatial[index]], -index))
    return sorted(order, key=lambda index: not (entry and _is_shortcut(arms[index], entry)))


def _is_shortcut(arm: Value, entry: Value) -> bool:
    node = arm.node
    if arm == entry or not isinstance(node, Apply):
        return arm == entry
    return node.inputs[0] == entry and node.op.is_noop(entry.shape, arm.shape)


def _projection(join: Op, x: Shape, rest: tuple[list[Shape], list[Shape]], known: Known) -> str:
    """A 1×1 convolution that gives a shortcut the shape of the other arms."""
    target = next(iter([*rest[0], *rest[1]]))
    axes = x.rank - 2
    if axes not in (1, 2, 3) or target.rank != x.rank or not isinstance(target.channels, int):
        return ""
    for stride in range(1, STEEPEST + 1):
        ones, zeros = (1,) * axes, (0,) * axes
        conv = Conv(target.channels, kernel=ones, stride=(stride,) * axes, padding=zeros, dilation=ones)
        shape = _run(conv, x, known)
        if shape and _fits(join, [*rest[0], shape, *rest[1]], known):
            return f"conv({target.channels}, kernel=1{f', stride={stride}' if stride > 1 else ''})"
    return ""


def _path(arm: Value, entry: Value | None) -> list[Apply]:
    """The stages of an arm from its last one back to the entry, or to what isn't a plain layer."""
    path: list[Apply] = []
    while arm != entry and isinstance(arm.node, Apply) and len(arm.node.inputs) == 1 and len(path) < LONGEST:
        path.append(arm.node)
        arm = arm.node.inputs[0]
    return path


def _changes(
    path: list[Apply], shapes: list[Shape], ways: Sequence[Way], known: Known
) -> Iterator[tuple[Apply, str, Shape]]:
    """Each stage with other arguments, how they are written, and the shape that the arm has then."""
    for way in ways:
        for index, stage in enumerate(path):
            for change in way(stage.op, shapes):
                shape = _run(replace(stage.op, **{n: v for n, (v, _) in change.items()}), stage.inputs[0].shape, known)
                for later in reversed(path[:index]):
                    shape = _run(later.op, shape, known) if shape else None
                if shape:
                    yield stage, ", ".join(f"{name}={shown}" for name, (_, shown) in change.items()), shape


def _run(op: Op, x: Shape, known: Known) -> Shape | None:
    try:
        shapes = op.outputs(x, known=known)
    except Rejected:
        return None
    return shapes[0] if len(shapes) == 1 else None


def _fits(join: Op, shapes: list[Shape], known: Known) -> bool:
    try:
        join.outputs(*shapes, known=known)
    except Rejected:
        return False
    return True


Change = Mapping[str, tuple[Any, object]]
"""New values by argument, each as the op holds it and as a spec writes it."""

Way = Callable[[Op, list[Shape]], Iterator[Change]]
"""Changes of an op that might give an arm the shape of the others."""


def _sizes(op: Op, name: str, numbers: range) -> Iterator[Change]:
    kernel = getattr(op, "kernel", None)
    if isinstance(kernel, tuple) and name in op.attributes():
        for number in numbers:
            yield {name: ((number,) * len(kernel), number)}


def _paddings(op: Op, shapes: list[Shape]) -> Iterator[Change]:
    return _sizes(op, "padding", range(WIDEST if max(getattr(op, "kernel", (1,))) > 1 else 1))


def _strides(op: Op, shapes: list[Shape]) -> Iterator[Change]:
    return _sizes(op, "stride", range(1, STEEPEST + 1))


def _output_paddings(op: Op, shapes: list[Shape]) -> Iterator[Change]:
    return _sizes(op, "output_padding", range(STEEPEST))


def _widths(op: Op, shapes: list[Shape]) -> Iterator[Change]:
    name = next((name for name in ("channels", "features") if name in op.attributes()), None)
    widths = [shape.dims[1] for shape in shapes if shape.rank > 1]
    sizes = dict.fromkeys([*widths, *(size for shape in shapes for size in shape.dims[2:])])
    if name:
        yield from ({name: (size, size)} for size in sizes if isinstance(size, int))


def _forms(op: Op, shapes: list[Shape]) -> Iterator[Change]:
    """The forms of the other arms, for what is given a form in numbers."""
    if "sizes" in op.attributes() and op.attributes()["sizes"].kind == "Dims":
        for shape in dict.fromkeys(shapes):
            if all(isinstance(size, int) for size in shape.dims[1:]):
                yield {"sizes": (shape.dims[1:], list(shape.dims[1:]))}


def _both(op: Op, shapes: list[Shape]) -> Iterator[Change]:
    for stride, padding in product(_strides(op, shapes), _paddings(op, shapes)):
        yield {**stride, **padding}


WAYS = (_paddings, _strides, _output_paddings, _widths, _both)


def _shown(stage: Apply) -> str:
    written = stage.span.text if stage.span else ""
    return written if 0 < len(written) <= 60 and "\n" not in written else f"this {stage.op.name}"
