"""The parser's tables, made from the grammar once and kept: they take longer to make than most specs take to check.

The tables lie in the user's cache folder, together with the grammar and the versions that they were made from: they are
used for these alone. They are read as plain data: an unpickler that knows no class cannot run anything, and a checksum
tells of damage. Where the folder can't be read or written, the tables are made each time and nothing else changes.
"""

from __future__ import annotations

import os
import pickle
import sys
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any
from zlib import crc32

from archdsl.resources import resource
from archdsl.syntax.automaton import Tables


@cache
def tables() -> Tables:
    """The tables of the language's grammar."""
    grammar = resource("grammars", "arch.lark").read_text(encoding="utf-8")
    origin: list[object] = [sys.version, grammar, _content("lark"), _content("archdsl.syntax.grammar")]
    cached = _cache_file()
    kept = _read(cached, origin) if cached else None
    if kept is None:
        from archdsl.syntax.grammar import tables_of  # which imports Lark

        kept = tables_of(grammar)
        if cached:
            _write(cached, {"origin": origin, "tables": kept.values()})
    return kept


def _content(module: str) -> bytes:
    """The file of a module that makes the tables: to read it is faster than to import it. Lark's names its version."""
    spec: Any = find_spec(module)
    content: bytes = spec.loader.get_data(spec.origin) if spec and spec.origin else b""
    return content


def _cache_file() -> Path | None:
    """Where the tables are kept, or None where this user has no home."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return folder / "archdsl" / f"parser-{sys.version_info.major}.{sys.version_info.minor}.tables"


class _PlainData(pickle.Unpickler):
    """Reads numbers, strings and containers; refuses everything that could run."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is not plain data")


def _read(path: Path, origin: list[object]) -> Tables | None:
    """The tables that a file holds, if they were made from this."""
    try:
        checked, data = path.read_bytes().split(b"\n", 1)
        kept = _PlainData(BytesIO(data)).load() if int(checked, 16) == crc32(data) else {}
        return Tables(**kept["tables"]) if kept["origin"] == origin else None
    except Exception:  # whatever a damaged file makes of the reader, the tables can be made anew
        return None


def _write(path: Path, kept: dict[str, Any]) -> None:
    from tempfile import NamedTemporaryFile

    data = pickle.dumps(kept, protocol=pickle.HIGHEST_PROTOCOL)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(b"%x\n%b" % (crc32(data), data))
        os.replace(file.name, path)
    except OSError:
        return
