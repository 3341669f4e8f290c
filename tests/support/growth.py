"""How work grows with the length of a network: what is counted are steps of the interpreter, not seconds."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def operations(work: Callable[[], object]) -> int:
    """The bytecode instructions that a call executes, which are the same each time."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    gc.collect()  # what other tests left must not be cleared meanwhile: its callbacks would be counted
    before, collects = sys.gettrace(), gc.isenabled()
    gc.disable()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
        if collects:
            gc.enable()
    return count


def share_beyond_linear(count: Callable[[int], int], size: int, at: int) -> float:
    """The share of the work for a network of `at` layers that does not grow with their number alone.

    `count` tells the work for a number of layers. A parabola through three of them, `size`, twice and three times as
    many, is what the work for `at` layers is read from.
    """
    first, second, third = (count(size * times) for times in (1, 2, 3))
    bend = (third - 2 * second + first) / 2
    slope = second - first - 3 * bend
    times = at / size
    return bend * times**2 / (bend * times**2 + slope * times)
