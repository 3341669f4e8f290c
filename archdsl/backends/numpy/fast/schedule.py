"""From a network to a command list: steps are written down once for each shape of input, and given places in memory.

    trace = Trace(packs, weights, workers)
    image = trace.given((1, 3, 224, 224))
    y = trace(conv_into, image, layer="conv1", stride=2)
    schedule = Schedule(trace, [y])

Images lie as [N, H, W, C], so that a pixel's channels are a row of a matrix; everything else as it is. A value that is
joined to others along the channels has its place among theirs from the start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided

from archdsl.backends.numpy.fast.commands import Cuts, Phase, Work, Workspace
from archdsl.backends.numpy.fast.memory import LiveRange, place
from archdsl.backends.numpy.fast.packs import Fill, Packs, slope_of
from archdsl.backends.numpy.fast.row_tiles import Affine
from archdsl.backends.numpy.kernels.array import Array

Ends: TypeAlias = dict[Cuts | None, int]
"""The last phase in which a value is written, for each way in which its parts are cut."""


class Buffer:
    """A value of the network while its command list is written: its shape, as the spec has it, and where it will lie.

    `given` marks inputs of the network, which lie as they come. A buffer may be some channels of another, its `base`.
    `cuts` are the parts in which threads write it, or those of what was joined to it last.
    """

    def __init__(self, shape: tuple[int, ...], given: bool = False, dtype: Any = np.float32) -> None:
        self.shape = shape
        self.given = given
        self.dtype = np.dtype(dtype)
        self.base: Buffer | None = None
        self.offset = 0
        self._owner: tuple[Buffer, int] | None = None
        self.cuts: Cuts | None = None

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

    def lie_in(self, base: Buffer, offset: int) -> None:
        """Lie among the channels of another buffer, whose own place is known: from this one on."""
        root, before = base.root()
        self.base, self.offset, self._owner = base, offset, (root, before + offset)

    def root(self) -> tuple[Buffer, int]:
        """The buffer that owns the memory, and the first of its channels that is this one's."""
        return self._owner or (self, 0)


class Step(NamedTuple):
    """What is done, with what, and what is left."""

    work: Work
    inputs: tuple[Buffer, ...]
    outputs: tuple[Buffer, ...]

    @property
    def idle(self) -> bool:
        """Whether all that it leaves is in its place already."""
        left = self.outputs[0]
        if self.work.joined:
            return all(buffer.base is left for buffer in self.inputs)
        return self.work.same and left.base is self.inputs[0]


class Trace:
    """The steps of a network as they are written down, and the weights that they ask for.

    `by_image` tells whether every step treats each image of a batch by itself.
    """

    def __init__(self, packs: Packs, weights: Callable[[str], Mapping[str, Array]], workers: int) -> None:
        self.packs = packs
        self.weights = weights
        self.workers = workers
        self.inputs: list[Buffer] = []
        self.steps: list[Step] = []
        self.by_image = True

    def given(self, shape: tuple[int, ...], dtype: Any = np.float32) -> Buffer:
        """An input of the network."""
        self.inputs.append(Buffer(shape, True, dtype))
        return self.inputs[-1]

    def __call__(self, kernel: Callable[..., Work], /, *xs: Buffer, **options: Any) -> Any:
        """Write a step down; the buffer of its result, or several."""
        work = kernel(self, *xs, **options)
        outputs = tuple(Buffer(shape) for shape in (work.shape, *work.others))
        outputs[0].cuts = xs[-1].cuts if work.joined else work.cuts
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
    """A command list with its memory: `inputs` are arrays to be filled before it runs, `outputs` what it leaves there.

    `parts` are the phases of each step.
    """

    def __init__(self, trace: Trace, outputs: list[Buffer]) -> None:
        workers = trace.workers
        _join(trace.steps)
        times = _times(trace.steps, workers)
        roots, starts, shared, size = _laid_out(trace.steps, times, outputs)
        memory = np.zeros(size, np.float32)
        self.inputs = [np.zeros(buffer.shape, buffer.dtype) for buffer in trace.inputs]
        self.arrays = {id(buffer): array for buffer, array in zip(trace.inputs, self.inputs, strict=True)}
        for buffer, start in zip(roots, starts, strict=True):
            self.arrays[id(buffer)] = memory[start : start + prod(buffer.shape)].reshape(-1, buffer.width)
        own = np.zeros(workers * max((step.work.scratch for step in trace.steps), default=0), np.float32)
        self.parts: list[list[Phase]] = []
        self.commands: list[Phase] = [[[] for _ in range(workers)] for _ in range(_end(trace.steps, times))]
        for step, time, start in zip(trace.steps, times, shared, strict=True):
            xs, left = ([self.view(buffer) for buffer in buffers] for buffers in (step.inputs, step.outputs))
            workspace = Workspace(workers, own, memory[start : start + step.work.shared])
            self.parts.append([] if step.idle else step.work.bind(workspace, xs, *left))
            assert step.idle or len(self.parts[-1]) == step.work.phases, "a step has as many phases as it said"
            for later, phase in enumerate(self.parts[-1]):
                for task, more in zip(self.commands[time + later], phase, strict=True):
                    task += more
        ends = [self.view(buffer) for buffer in outputs]
        self.outputs = [end.transpose(0, 3, 1, 2) if end.ndim == 4 else end for end in ends]

    def view(self, buffer: Buffer) -> Array:
        """A buffer's numbers, images as [N, H, W, C]."""
        root, offset = buffer.root()
        array = self.arrays[id(root)]
        if root.given:
            return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array
        some = array[:, offset : offset + buffer.width]
        if len(buffer.laid) != 4:
            return some.reshape(buffer.laid)
        # NumPy leaves the strides of axes of one number open, and kernels read them.
        _, height, width, _ = buffer.laid
        pixel, number = array.strides
        return as_strided(some, buffer.laid, (height * width * pixel, width * pixel, pixel, number))


def _join(steps: list[Step]) -> None:
    """Give buffers a place in another: inputs among the channels of what joins them, results that move nothing."""
    made = {id(buffer) for step in steps for buffer in step.outputs}
    for step in reversed(steps):  # what is joined last is the largest
        if not step.work.joined:
            continue
        offset = 0
        times = Counter(map(id, step.inputs))
        for buffer in step.inputs:
            free = id(buffer) in made and buffer.base is None and times[id(buffer)] == 1
            if free and step.outputs[0].root()[0] is not buffer:
                buffer.lie_in(step.outputs[0], offset)
            offset += buffer.width
    for step in steps:
        source, left = step.inputs[0] if step.inputs else None, step.outputs[0]
        if step.work.same and source is not None and not source.given and left.base is None:
            left.lie_in(source, 0)


def _times(steps: list[Step], workers: int) -> list[int]:
    """The phase of the command list in which each step starts.

    A step may share a phase with others on which it does not depend, and with one that writes each part of an input in
    the thread that reads it. A single thread takes the steps one by one, so that memory is free again early.
    """
    made: dict[int, Ends] = {}
    times: list[int] = []
    next_ = 0
    for step in steps:
        sources = [made.get(id(buffer), {}) for buffer in step.inputs]
        if step.idle:
            made[id(step.outputs[0])] = _latest(sources)
            times.append(next_)
            continue
        work = step.work
        near = [work.cuts is not None and is_near for is_near in work.near] + [False] * len(sources)
        after = [
            end if is_near and cuts == work.cuts else end + 1
            for ends, is_near in zip(sources, near, strict=False)
            for cuts, end in ends.items()
        ]
        times.append(max(after, default=0) if workers > 1 else next_)
        end = times[-1] + work.phases - 1
        next_ = max(next_, end + 1)
        made.update((id(buffer), {work.cuts: end}) for buffer in step.outputs)
    return times


def _latest(every: list[Ends]) -> Ends:
    """For each way of cutting, the last phase in which a part of several values is written."""
    found: Ends = {}
    for ends in every:
        for cuts, end in ends.items():
            found[cuts] = max(end, found.get(cuts, end))
    return found


def _end(steps: list[Step], times: list[int]) -> int:
    """The number of phases."""
    return max((time + step.work.phases for step, time in zip(steps, times, strict=True) if not step.idle), default=0)


def _laid_out(
    steps: list[Step], times: list[int], outputs: list[Buffer]
) -> tuple[list[Buffer], list[int], list[int], int]:
    """The buffers that own memory, where each starts, where what each step shares starts, and the size of all."""
    ranges: dict[int, LiveRange] = {}
    roots: dict[int, Buffer] = {}

    def meet(buffer: Buffer, first: int, last: int) -> None:
        root, _ = buffer.root()
        if not root.given:
            roots.setdefault(id(root), root)
            size, before, after = ranges.get(id(root), LiveRange(prod(root.shape), first, last))
            ranges[id(root)] = LiveRange(size, min(before, first), max(after, last))

    for step, time in zip(steps, times, strict=True):
        if not step.idle:
            for buffer in (*step.inputs, *step.outputs):
                meet(buffer, time, time + step.work.phases - 1)
    end = _end(steps, times)
    for buffer in outputs:
        meet(buffer, end, end)
    shared = [
        LiveRange(step.work.shared, time, time + step.work.phases - 1) for step, time in zip(steps, times, strict=True)
    ]
    starts, size = place([*(ranges[key] for key in roots), *shared])
    return list(roots.values()), starts[: len(roots)], starts[len(roots) :], size
