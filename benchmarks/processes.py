"""Timing whole processes: wall time and peak memory, the median of several runs."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

RESULTS = Path(__file__).parent / "results"


class Cost(NamedTuple):
    """Seconds and MiB of one process."""

    seconds: float
    mebibytes: float


def run(command: Sequence[str], text: str = "") -> Cost:
    """Run a command once, with a text on its standard input; its output is thrown away."""
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdin
        try:
            child.stdin.write(text.encode())
            child.stdin.close()
        except BrokenPipeError:
            pass
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
    return Cost(time.perf_counter() - start, usage.ru_maxrss / 1024)


def typical(command: Sequence[str], text: str = "", runs: int = 5) -> Cost:
    """The medians over several runs, after one that warms caches."""
    run(command, text)
    costs = [run(command, text) for _ in range(runs)]
    return Cost(median(cost.seconds for cost in costs), median(cost.mebibytes for cost in costs))
