"""Writing a file whole or not at all, and never over work that nobody has read.

Takes a path and a text. A reader of the path sees the old content or the new one, never a part; when something goes
wrong, or the process is killed, the old content stays. The rule for links is written down in docs/security.md.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from secrets import token_hex

DRAFT = ".archdsl-*.tmp"
"""The names of drafts; a file of this name that is older than `STALE` has nobody any more who writes it."""

STALE = 60.0
"""Seconds."""

OWN_FILES = "/proc/self/fd"
"""Where Linux shows a process the files that it has open."""


class Changed(OSError):
    """A file is no longer what was read: somebody else's edit wins."""


class LeadsOut(OSError):
    """A link leads out of the folder that was named."""


def write_whole(path: Path, text: str, over: bytes | None = None) -> None:
    """Write a text as UTF-8, with the line ends that it has.

        write_whole(Path("lenet.py"), net.torch_source())
        write_whole(Path("net.arch"), formatted, over=before)      # Changed, where the file holds other bytes by now

    A link stays a link: what it leads to is replaced, if it lies in the folder of the link. What is no plain file
    (`/dev/null`, a named pipe) has no old content to keep, and is written to directly, but never where `over` says
    what a file should hold. Raises OSError as `open` would, `Changed` and `LeadsOut`; then nothing was written.
    """
    if path.exists() and not path.is_file():
        if over is not None:
            raise Changed(0, "this is not a plain file", str(path))
        path.write_bytes(text.encode())
        return
    path = _end(path)
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(13, "Permission denied", str(path))
    _sweep(path.parent)
    draft = path.with_name(DRAFT.replace("*", token_hex(6)))
    stream = _unnamed(path.parent)
    named = stream is None
    try:
        with os.fdopen(_named(draft) if stream is None else stream, "wb") as file:
            file.write(text.encode())
            file.flush()
            _take_over(path, file.fileno())
            os.fsync(file.fileno())
            if over is not None and _content(path, len(over) + 1) != over:
                raise Changed(0, "it was changed meanwhile", str(path))
            if not named:
                _name(file.fileno(), draft)
        os.replace(draft, path)
    finally:
        with suppress(OSError):
            draft.unlink()


def _end(path: Path) -> Path:
    """Where a path leads; a link must end in its own folder or below it."""
    end = Path(os.path.realpath(path))
    if not end.is_relative_to(os.path.realpath(path.parent)):
        raise LeadsOut(0, f"this is a link that leads out of its folder; name {end}", str(path))
    return end


def _content(path: Path, most: int) -> bytes | None:
    """The first bytes of a file; None where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except FileNotFoundError:
        return None


def _take_over(path: Path, file: int) -> None:
    """Give a new file the rights and the owner of the one that it replaces, as far as the user may."""
    with suppress(FileNotFoundError):
        facts = path.stat()
        if hasattr(os, "fchown"):
            with suppress(OSError):
                os.fchown(file, facts.st_uid, facts.st_gid)
        if os.chmod in os.supports_fd:
            os.chmod(file, facts.st_mode)


def _unnamed(folder: Path) -> int | None:
    """A new file that has no name until it is complete, so that nothing of it stays when the process is killed.

    Linux has such files on most of its file systems; elsewhere there is None.
    """
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir(OWN_FILES):
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666)
    except FileNotFoundError:
        raise
    except OSError:
        return None


def _name(file: int, path: Path) -> None:
    """Give a file without a name its first one."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.link(f"{OWN_FILES}/{file}", path.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _named(draft: Path) -> int:
    return os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o666)


@lru_cache(maxsize=64)
def _sweep(folder: Path) -> None:
    """Remove the drafts of those who were killed; once for each folder."""
    for draft in folder.glob(DRAFT):
        with suppress(OSError):
            if time.time() - draft.stat().st_mtime > STALE:
                draft.unlink()
