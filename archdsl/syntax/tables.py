"""The parser, made from the grammar once and kept: LALR tables take longer to build than most specs take to check.

The tables lie in the user's cache folder, together with the grammar and the versions that they were built from: they
are used for these alone. They are read as plain data: an unpickler that knows no class cannot run anything. Where the
folder can't be read or written, the tables are built each time and nothing else changes.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import lark

from archdsl.resources import resource

RESERVED = frozenset(
    (
        *("network", "block", "fn", "from", "import", "input", "output", "where", "expect", "shared"),
        *("inline", "repeat", "for", "in", "if", "else", "with", "and", "or", "not", "true", "false", "none"),
    )
)
OPTIONS: dict[str, Any] = {"parser": "lalr", "lexer": "contextual", "start": ["start", "expression"]}


def parser(transformer: lark.Transformer[lark.Token, Any]) -> lark.Lark:
    """The parser of the grammar, with the callbacks of a transformer built in."""
    grammar = resource("grammars", "arch.lark").read_text(encoding="utf-8")
    origin = f"{lark.__version__} {sys.version}\n{grammar}"
    cached = _cache_file()
    tables = _read(cached, origin) if cached else None
    if tables is None:
        built = lark.Lark(grammar, **OPTIONS, keep_all_tokens=True, maybe_placeholders=False)
        data, memo = built.memo_serialize([lark.lexer.TerminalDef, lark.grammar.Rule])
        tables = {"data": data, "memo": memo}
        if cached:
            _write(cached, {"origin": origin, **tables})
    callbacks = {"NAME": _keyword}
    plugins = {"ContextualLexer": FewLexers}
    loaded: lark.Lark = lark.Lark.__new__(lark.Lark)._load(
        tables, transformer=transformer, lexer_callbacks=callbacks, _plugins=plugins
    )
    return loaded


class FewLexers(lark.lexer.ContextualLexer):
    """Lark's contextual lexer, with one lexer for all states that differ in nothing that matters.

    Only whether a newline, a templated name or the word `int` can stand at a place changes how a text is cut into
    words; all states that agree on these share a lexer, and so its regular expression, which takes a while to build.
    """

    def __init__(self, conf: Any, states: dict[int, Any], always_accept: Any = ()) -> None:
        shared: dict[tuple[bool, ...], set[str]] = {}
        for accepts in states.values():
            shared.setdefault(_context(accepts), set()).update(accepts)
        alike: dict[int, Collection[str]] = {state: shared[_context(accepts)] for state, accepts in states.items()}
        super().__init__(conf, alike, always_accept)


def _context(accepts: Any) -> tuple[bool, ...]:
    return tuple(name in accepts for name in ("_NEWLINE", "TEMPLATE", "KIND"))


def _keyword(token: lark.Token) -> lark.Token:
    """A word of the language is never a name, also where only a name could stand."""
    return token.update(type=token.value.upper()) if token.value in RESERVED else token


def _cache_file() -> Path | None:
    """Where the tables are kept, or None where this user has no home."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return folder / "archdsl" / f"grammar-{sys.version_info.major}.{sys.version_info.minor}.tables"


class _PlainData(pickle.Unpickler):
    """Reads numbers, strings and containers; refuses everything that could run."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is not plain data")


def _read(path: Path, origin: str) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            tables = _PlainData(file).load()
    except Exception:  # whatever a damaged file makes of the reader, the tables can be built anew
        return None
    if not isinstance(tables, dict) or tables.keys() != {"origin", "data", "memo"} or tables["origin"] != origin:
        return None
    return tables


def _write(path: Path, tables: dict[str, Any]) -> None:
    from tempfile import NamedTemporaryFile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, delete=False) as file:
            pickle.dump(tables, file, protocol=pickle.HIGHEST_PROTOCOL)
        os.replace(file.name, path)
    except OSError:
        return
