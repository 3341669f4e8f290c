"""The scripts that lay a picture out and draw it, in Python's engine as in a browser."""

from __future__ import annotations

from pathlib import Path

PARTS = ("measure.js", "pieces.js", "layout.js", "draw.js")


def script() -> str:
    """What defines `drawn(picture, opened)`; it calls `elkModule`, the function that ELK's text is the body of."""
    return "\n".join([f"const WIDTHS = {part('widths.json')};", *map(part, PARTS)])


def elk() -> str:
    """ELK's layered layout for JavaScript (elkjs, EPL-2.0), as the body of a function."""
    return part("elk-worker.min.js")


def part(name: str) -> str:
    """The text of a file in `browser/`."""
    return (Path(__file__).parent / "browser" / name).read_text(encoding="utf-8")
