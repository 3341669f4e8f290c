"""Stages that give an arm as many axes as the others have, found by trying.

Takes a join and the shapes of its arms, returns what to write, or nothing. Each proposal has been run through the shape
rules, so that it holds when applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archdsl.ops import Op, Rejected
from archdsl.ops.adaptive import GlobalAvgPool
from archdsl.ops.combine import Arithmetic
from archdsl.ops.form import Reshape
from archdsl.ops.reduce import Mean
from archdsl.ops.reshape import Flatten, Permute
from archdsl.record import replace
from archdsl.sizes.prove import Known
from archdsl.sizes.shape import Shape


def levelled(join: Op, shapes: Sequence[Shape], known: Known) -> str:
    """What to put behind one arm, if its number of axes alone makes the join refuse.

    levelled(Add(), [image, features], known)      # "put global_avg_pool -> flatten behind arm 1"
    """
    for index, shape in reversed(list(enumerate(shapes))):
        rest = [*shapes[:index], *shapes[index + 1 :]]
        for stages in _ways(shape, rest[0]) if rest and shape.rank != rest[0].rank else ():
            found = _through(stages, shape, known)
            if found is None:
                continue
            written = " -> ".join(_written(stage) for stage in stages)
            for candidate, more in joins(join):
                if _fits(candidate, [*shapes[:index], found, *shapes[index + 1 :]], known):
                    return f"put {written} behind arm {index + 1}{more}"
    return ""


def joins(join: Op) -> Iterator[tuple[Op, str]]:
    """The join itself, and one that broadcasts where it could."""
    yield join, ""
    if isinstance(join, Arithmetic) and not join.broadcast:
        yield replace(join, broadcast=True), f", and write {join.name}(broadcast=true)"


def _ways(x: Shape, other: Shape) -> Iterator[tuple[Op, ...]]:
    """Chains of stages that leave a value of the other's rank, those that keep every value first."""
    if x.rank > other.rank == 2:
        yield (Flatten(1),)
        yield (GlobalAvgPool(), Flatten(1)) if x.rank > 3 else (Mean((1,), False),)
    if x.rank > other.rank == 3:
        yield (Flatten(2),)
        yield (Flatten(2), Permute((0, 2, 1)))
    if x.rank < other.rank:
        yield (Reshape(other.dims[1:]),)
        if x.rank == 2:
            yield (Reshape((x.dims[1], *(1 for _ in other.dims[2:]))),)


def _through(stages: Sequence[Op], x: Shape, known: Known) -> Shape | None:
    for stage in stages:
        try:
            stage.accepts(x)
            (x,) = stage.outputs(x, known=known)
        except Rejected:
            return None
    return x


def _fits(join: Op, shapes: Sequence[Shape], known: Known) -> bool:
    try:
        join.outputs(*shapes, known=known)
    except Rejected:
        return False
    return True


def _written(stage: Op) -> str:
    """A stage as a spec writes it."""
    facts = [(name, getattr(stage, name), argument) for name, argument in stage.attributes().items()]
    shown = [
        f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)
        for _, value, argument in facts
        if argument.required or value != argument.default
    ]
    return f"{stage.name}({', '.join(shown)})" if shown else stage.name
