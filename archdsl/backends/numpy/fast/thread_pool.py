"""The threads that run a command list, and BLAS kept to one thread in each of them.

NumPy lets other threads run while it multiplies, adds or copies, so that a thread for each core, each with its own part
of an image in its own cache, keeps all of them busy in element-wise work too.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock, Thread

import numpy as np

from archdsl.backends.numpy.fast.commands import Phase, Task

MOST = 16
"""More threads than this wait for each other longer than they work."""


class ThreadPool:
    """So many threads, the caller's among them; the others wait from one run to the next."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.process = 0
        self.phase: Phase = []
        self.errors: list[BaseException] = []
        self.go: list[Lock] = []
        self.done: list[Lock] = []

    def run(self, commands: list[Phase]) -> None:
        """Run every phase; each ends before the next begins. Errors of any thread are raised here."""
        if self.size > 1 and self.process != os.getpid():  # threads don't live on in a forked process
            self._start()
        self.errors = []
        for self.phase in commands:
            for lock in self.go:
                lock.release()
            self._do(self.phase[0])
            for lock in self.done:
                lock.acquire()
        if self.errors:
            raise self.errors[0]

    def _start(self) -> None:
        self.process = os.getpid()
        self.go = [Lock() for _ in range(1, self.size)]
        self.done = [Lock() for _ in range(1, self.size)]
        for place, (go, done) in enumerate(zip(self.go, self.done, strict=True), start=1):
            go.acquire()
            done.acquire()
            Thread(target=self._serve, args=(place, go, done), daemon=True).start()

    def _serve(self, place: int, go: Lock, done: Lock) -> None:
        while True:
            go.acquire()
            self._do(self.phase[place])
            done.release()

    def _do(self, task: Task) -> None:
        try:
            for function, arguments in task:
                function(*arguments)
        except BaseException as error:
            self.errors.append(error)


@cache
def blas() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """How OpenBLAS is asked for its number of threads, and told one; nothing if NumPy brings another library.

    NumPy has no call for it, so OpenBLAS' own is looked up in the library that NumPy has loaded.
    """
    folder = Path(np.__file__).parent
    for place in (folder.parent / "numpy.libs", folder / ".libs", folder / ".dylibs"):
        for path in sorted(place.glob("*openblas*")):
            library = ctypes.CDLL(str(path))
            for name in ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads"):
                if hasattr(library, name.format("set")):
                    return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None


@contextmanager
def alone() -> Iterator[None]:
    """Keep each product in the thread that asks for it."""
    control = blas()
    if control is None:
        yield
        return
    ask, tell = control
    before = ask()
    tell(1)
    try:
        yield
    finally:
        tell(before)


def threads() -> int:
    """As many as OpenBLAS would use (`OPENBLAS_NUM_THREADS`), at most one for each core; 1 if there is no OpenBLAS."""
    control = blas()
    if control is None:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(control[0](), cores, MOST))
