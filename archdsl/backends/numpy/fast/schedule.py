"""From a network to a tape: its steps are written down once for each shape of input, and given places in memory.

    trace = Trace(packs, weights, workers)
    image = trace.given((1, 3, 224, 224))
    y = trace(conv_into, image, layer="conv1", stride=2)
    schedule = Schedule(trace, [y])

Images lie as [N, H, W, C], so that a pixel's channels are a row of a matrix; everything else as it is. A value that is
joined to others along the channels has its place among theirs from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from archdsl.backends.numpy.fast.arena import Stay, place
from archdsl.backends.numpy.fast.band import Affine
from archdsl.backends.numpy.fast.packs import Fill, Packs, slope_of
from archdsl.backends.numpy.fast.tape import Bench, Phase, Work
from archdsl.backends.numpy.kernels.array import Array


class Spot:
    """A value of the network while its tape is written: its shape, as the spec has it, and where it will lie.

    `given` marks inputs of the network, which lie as they come. A spot may be some channels of another, its `home`.
    """

    def __init__(self, shape: tuple[int, ...], given: bool = False, dtype: Any = np.float32) -> None:
        self.shape = shape
        self.given = given
        self.dtype = np.dtype(dtype)
        self.home: Spot | None = None
        self.offset = 0

    @property
    def images(self) -> tuple[int, int, int, int]:
        """The shape of images."""
        batch, channels, rows, columns = self.shape
        return batch, channels, rows, columns

    @property
    def laid(self) -> tuple[int, ...]:
        """The shape in memory."""
        return self.shape if len(self.shape) != 4 else tuple(self.shape[axis] for axis in (0, 2, 3, 1))

    @property
    def width(self) -> int:
        """The numbers of a row."""
        return self.laid[-1] if self.shape else 1

    def root(self) -> tuple[Spot, int]:
        """The spot that owns the memory, and the first of its channels that is this one's."""
        spot, offset = self, 0
        while spot.home is not None:
            spot, offset = spot.home, offset + spot.offset
        return spot, offset


class Step(NamedTuple):
    """What is done, with what, and what is left."""

    work: Work
    inputs: tuple[Spot, ...]
    outputs: tuple[Spot, ...]


class Trace:
    """The steps of a network as they are written down, and the weights that they ask for.

    `by_image` tells whether every step treats each image of a batch by itself.
    """

    def __init__(self, packs: Packs, weights: Callable[[str], Mapping[str, Array]], workers: int) -> None:
        self.packs = packs
        self.weights = weights
        self.workers = workers
        self.inputs: list[Spot] = []
        self.steps: list[Step] = []
        self.by_image = True

    def given(self, shape: tuple[int, ...], dtype: Any = np.float32) -> Spot:
        """An input of the network."""
        self.inputs.append(Spot(shape, True, dtype))
        return self.inputs[-1]

    def __call__(self, kernel: Callable[..., Work], /, *xs: Spot, **options: Any) -> Any:
        """Write a step down; the spot of its result, or several."""
        work = kernel(self, *xs, **options)
        outputs = tuple(Spot(shape) for shape in (work.shape, *work.others))
        self.steps.append(Step(work, xs, outputs))
        return outputs if len(outputs) > 1 else outputs[0]

    def pack(self, layer: Hashable, form: str, shape: tuple[int, ...], fill: Fill) -> Array:
        """Memory for a layer's weights in another form; `fill` writes them there whenever they change."""
        return self.packs.array((layer, form), shape, fill)

    def affine(self, norm: str, eps: float) -> Affine:
        """A batch norm with fixed averages as a scale and a shift."""
        weights = self.weights(norm)
        shape = weights["running_var"].shape
        return (
            self.pack((norm, eps), "scale", shape, lambda to: np.copyto(to, slope_of(weights, eps)[0])),
            self.pack((norm, eps), "shift", shape, lambda to: np.copyto(to, slope_of(weights, eps)[1])),
        )


class Schedule:
    """A tape with its memory: `inputs` are arrays to be filled before it runs, `outputs` what it leaves there.

    `parts` are the phases of each step.
    """

    def __init__(self, trace: Trace, outputs: list[Spot]) -> None:
        workers = trace.workers
        _join(trace.steps, outputs)
        roots, starts, size = _laid_out(trace.steps, outputs)
        memory = np.zeros(size, np.float32)
        self.inputs = [np.zeros(spot.shape, spot.dtype) for spot in trace.inputs]
        self.arrays = {id(spot): array for spot, array in zip(trace.inputs, self.inputs, strict=True)}
        for spot, start in zip(roots, starts, strict=True):
            self.arrays[id(spot)] = memory[start : start + prod(spot.shape)].reshape(-1, spot.width)
        scratch = max((step.work.scratch for step in trace.steps), default=0)
        bench = Bench(workers, np.zeros(workers * scratch, np.float32))
        self.parts: list[list[Phase]] = []
        for step in trace.steps:
            moved = not step.work.same or step.outputs[0].home is not step.inputs[0]
            xs, left = ([self.view(spot) for spot in spots] for spots in (step.inputs, step.outputs))
            self.parts.append(step.work.bind(bench, xs, *left) if moved else [])
        self.tape = [phase for part in self.parts for phase in part]
        ends = [self.view(spot) for spot in outputs]
        self.outputs = [end.transpose(0, 3, 1, 2) if end.ndim == 4 else end for end in ends]

    def view(self, spot: Spot) -> Array:
        """A spot's numbers, images as [N, H, W, C]."""
        root, offset = spot.root()
        array = self.arrays[id(root)]
        if root.given:
            return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array
        return array[:, offset : offset + spot.width].reshape(spot.laid)


def _join(steps: list[Step], outputs: list[Spot]) -> None:
    """Give spots a place in another: inputs among the channels of what joins them, results that move nothing."""
    made = {id(spot) for step in steps for spot in step.outputs}
    for step in reversed(steps):  # what is joined last is the largest
        if not step.work.joined:
            continue
        offset = 0
        for spot in step.inputs:
            free = id(spot) in made and spot.home is None and step.inputs.count(spot) == 1
            if free and step.outputs[0].root()[0] is not spot:
                spot.home, spot.offset = step.outputs[0], offset
            offset += spot.width
    for step in steps:
        source, left = step.inputs[0] if step.inputs else None, step.outputs[0]
        if step.work.same and source is not None and not source.given and left.home is None:
            left.home, left.offset = source, 0


def _laid_out(steps: list[Step], outputs: list[Spot]) -> tuple[list[Spot], list[int], int]:
    """The spots that own memory, and where each starts."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    roots: dict[int, Spot] = {}
    for index, step in enumerate(steps):
        for spot in (*step.inputs, *step.outputs):
            root, _ = spot.root()
            if not root.given:
                roots.setdefault(id(root), root)
                first.setdefault(id(root), index)
                last[id(root)] = index
    for spot in outputs:
        last[id(spot.root()[0])] = len(steps)
    stays = [Stay(prod(root.shape), first[key], last[key]) for key, root in roots.items()]
    starts, size = place(stays)
    return list(roots.values()), starts, size
