"""Writing a file whole or not at all.

Takes a path and a text. A reader of the path sees the old content or the new one, never a part; when something goes
wrong nothing is left behind and the old content stays.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a text as UTF-8, with the line ends that it has.

        write_whole(Path("lenet.py"), net.torch_source())

    A link stays a link: what it points at is replaced. What is no plain file (`/dev/stdout`, a named pipe) has no old
    content to keep, and is written to directly. Raises OSError as `open` would.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        path.write_bytes(text.encode())
        return
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(13, "Permission denied", str(path))
    draft = path.with_name(f".archdsl-{os.getpid()}.tmp")
    try:
        with draft.open("xb") as stream:
            stream.write(text.encode())
        if path.exists():
            draft.chmod(path.stat().st_mode)
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink()
