"""When files change: by their times and sizes, asked for again and again.

Takes names of files, says what state they are in; nothing is printed. What a spec imports is looked up in its text, so
that a spec that cannot be read at the moment is watched with all that it needs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from archdsl.limits import limits

PAUSE = 0.25
"""Seconds between two looks."""

MOST = 1000
"""Files that are looked at."""

_IMPORT = re.compile(r'^from\s+"([^"\n]+)"', re.M)

State: TypeAlias = "dict[Path, tuple[int, int, int] | None]"
"""Time, size and number of each file; None for one that is not there."""


def state(files: Iterable[str]) -> State:
    """The state of files and of all that they import."""
    found: State = {}
    queue = [Path(file) for file in files]
    while queue and len(found) < MOST:
        path = queue.pop()
        if path in found:
            continue
        try:
            facts = path.stat()
            found[path] = facts.st_mtime_ns, facts.st_size, facts.st_ino
            text = _text(path) if path.is_file() else ""
        except (OSError, ValueError):
            found[path] = None
            continue
        queue += (path.parent / name for name in _IMPORT.findall(text) if "\0" not in name)
    return found


def _text(path: Path) -> str:
    """The text of a file as far as a spec may be long."""
    with path.open("rb") as file:
        return file.read(limits().bytes).decode(errors="replace")


def changes(look: Callable[[], State], pause: float = PAUSE) -> Iterator[State]:
    """The state now, and again whenever it is another; it ends when the caller stops asking."""
    last: State | None = None
    while True:
        now = look()
        if now != last:
            yield now
        last = now
        time.sleep(pause)
