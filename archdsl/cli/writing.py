"""A file that a command makes: written whole, or not at all, and never over the spec itself."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.cli.group import Misuse

if TYPE_CHECKING:
    from archdsl.compiler import Network


def write_file(output: str, text: str, network: Network) -> None:
    from archdsl.output import write_whole

    with suppress(OSError):
        if os.path.samefile(output, network.file):
            raise Misuse(f"{output}: this is the spec itself; name another file")
    try:
        write_whole(Path(output), text)
    except (OSError, ValueError) as error:
        raise Misuse(f"{output}: {getattr(error, 'strerror', None) or error}; nothing was written") from error
