"""A picture as SVG.

The layout is the page's own script, run by QuickJS inside Python: `pip install 'archdsl[graph]'`. Nothing is drawn by
another program, and the same picture is the same bytes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from archdsl.pictures.data import Look, data, style
from archdsl.pictures.model import Picture
from archdsl.pictures.scripts import elk, script

if TYPE_CHECKING:
    import quickjs

STACK = 8 << 20
"""Bytes that a script's calls may take."""


ELK = """
function elkModule(...values) {
  return new Function("module", "exports", "setTimeout", "self", "document", "window", elkText())(...values);
}"""
"""Reads ELK when it is first wanted: a picture without branches needs none."""


class NoEngine(ImportError):
    """QuickJS, in which layout runs, is not installed."""


def svg(picture: Picture, opened: Sequence[str], look: Look = "auto") -> str:
    """A picture as SVG, with the blocks of these ids open.

    Raises NoEngine where the extra `archdsl[graph]` is not installed.
    """
    made = laid_out(picture, opened)
    root = f"archdsl-{look}"
    size = f'width="{made["width"]}" height="{made["height"]}" viewBox="0 0 {made["width"]} {made["height"]}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{root}" {size} role="img">',
            f"<title>{escape(picture.name)}</title>",
            f"<style>\n{style(look, f'.{root}')}\n</style>",
            '<rect class="paper" width="100%" height="100%"/>',
            made["elements"],
            "</svg>",
            "",
        ]
    )


def laid_out(picture: Picture, opened: Sequence[str]) -> dict[str, Any]:
    """The size and the elements of a picture, as `browser/draw.js` makes them."""
    words = json.dumps([data(picture), list(opened)])
    if _here.engine is None:
        _here.engine = _engine()
    made: dict[str, Any] = json.loads(_here.engine.eval(f"JSON.stringify(drawn(...{words}))"))
    return made


class _Here(threading.local):
    """An engine serves the thread that made it."""

    engine: quickjs.Context | None = None


_here = _Here()


def _engine() -> quickjs.Context:
    try:
        import quickjs
    except ImportError as error:
        raise NoEngine("pip install 'archdsl[graph]'") from error
    context = quickjs.Context()
    context.set_max_stack_size(STACK)
    context.add_callable("elkText", elk)
    context.eval(ELK)
    context.eval(script())
    return context
